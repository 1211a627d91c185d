# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 经济展望 · What the economy around the zones may do
#
# 只用计划公布之日（信息截止日）已经公布的数据。
# Only data published by the day the plan was published.
#
# 1. 全国需求、价格、投资、货币的联合路径 · joint paths of demand, prices, investment and money
# 2. 不看计划、只看历史与同类的外部视角 · the reference-class forecast: history and reference class, no plan
# 3. 任意一条序列的自动预测 · the automatic forecast of any series
# 4. 预测以前有多准 · how good the forecasts have been

# %% tags=["parameters"]
replicates = 1000
seed = 2012
through = "2013-12"
backtest_series = ["industrial_value_added_yoy", "ppi_yoy"]
backtest_origins = 8
lang = "zh"

# %%
# %matplotlib inline
from xuchang_sim.report.notebook import accept

accept(globals(), "replicates", "seed", "through", "backtest_series", "backtest_origins", "lang")
from matplotlib.figure import Figure

from xuchang_sim import load_pack
from xuchang_sim.forecast.backtest import COMBINED, backtest as look_back, plot, summary
from xuchang_sim.forecast.drivers import drivers
from xuchang_sim.forecast.report import outlook_report
from xuchang_sim.forecast.series import history, regular
from xuchang_sim.forecast.single import forecast
from xuchang_sim.report import figures

pack = load_pack()
unknown = [name for name in backtest_series if name not in pack.history]
if replicates < 100 or unknown:
    message = f"replicates: 100 at least · 至少 100 条路径; unknown series · 未知序列: {unknown}"
    raise ValueError(message)
print(
    f"{pack.title_zh}\n{replicates} paths to {through}, seed {seed}, as of {pack.information_date}"
)

# %% [markdown]
# ## 1 联合路径 · Joint paths
# 一次重复一条路径，各情景共用。第一年均值的标准差是滚动起点实测误差，不是模型自报的。
# One path a replicate, shared by all scenarios. The spread of the first year's mean is the error
# measured at rolling origins, not the one a model claims for itself.

# %%
paths = drivers(pack, replicates, seed, through)
print(
    f"first-year sd of value added + PPI: {100 * paths.annual_sd:.1f} points, {paths.origins} origins"
)
print("weights of the joint models:", {name: round(w, 2) for name, w in paths.weights.items()})
figure = Figure(figsize=(9, 5), layout="constrained")
for name, axes in zip(paths.central, figure.subplots(2, 2).flat, strict=True):
    figures.outlook(paths, name, ax=axes, lang=lang)
figure

# %% [markdown]
# ## 2 外部视角 · The reference-class forecast
# 集聚区收入与投资 2012 年增速，只凭历史与同类。与智能体模型的答案并看，不替代它。
# Growth of zone revenue and investment from history and reference class alone, to be held against
# the agent-based answer.

# %%
report = outlook_report(pack, replicates=replicates, seed=seed, through=through)
for name, view in report["outside_view"].items():
    low, middle, high = (100 * view["quantiles"][q] for q in ("0.05", "0.50", "0.95"))
    print(
        f"{name}: median {middle:+.0f}%, 90% from {low:+.0f}% to {high:+.0f}%;"
        f" P(≥{view['goal']:.0%}) {view['p']:.2f}"
    )

# %% [markdown]
# ## 3 任意序列 · Any series
# 只给出日期与数值；是水平还是速率、有无季节、是否累计，由程序自己判断。
# Dates and values only: whether it is a level or a rate, seasonal, or a sum to date, it finds out.

# %%
for name, horizon in (("fai_ytd", 9), ("xuchang_gdp_secondary", 3)):
    told = forecast(regular(name, history(pack, name)), horizon)
    print(name, told["series"]["kind"], "| sums to date:", told["series"]["to_date"])
    for day, low, middle, high in zip(
        told["dates"], *(told["quantiles"][q] for q in ("0.10", "0.50", "0.90")), strict=True
    ):
        print(f"  {day}: {middle:,.0f}  (80%: {low:,.0f} to {high:,.0f})")
    line = next(line for line in told["coverage"] if line["nominal"] == 0.8)
    share = "cannot be told" if line["measured"] is None else f"{line['measured']:.0%}"
    print(f"  coverage of 80% intervals at {line['origins']} origins: {share}")

# %% [markdown]
# ## 4 以前有多准 · How good it has been
# 每个起点只用当时的数据。技巧分以带漂移随机游走为基准，大于 0 为更好。
# Every origin sees only what was known then. Skill is against a random walk with drift: above 0
# is better.

# %%
rows = []
for name in backtest_series:
    rows += look_back(
        regular(name, history(pack, name)), horizon=9, origins=backtest_origins, step=3
    )
for line in summary(rows):
    if line["model"] == COMBINED:
        print(
            f"{line['series']}: skill {line['skill']:+.2f}, 80% covered {line['cover80']:.2f}"
            f" (chance alone {line['low80']:.2f} to {line['high80']:.2f}, {line['origins']} origins)"
        )
figure = Figure(figsize=(5, 4), layout="constrained")
plot(rows, figure.subplots())
figure
