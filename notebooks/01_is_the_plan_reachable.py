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
# # 01 计划能否实现 · Is the plan reachable?
#
# 2012 年 4 月许昌市公布“2623”行动计划：十个产业集聚区收入增长 40%，投资增长 30%。
# 本笔记只用公布之日已知的数据，模拟计划按自身手段执行的许多种未来，回答四个问题。
#
# In April 2012 Xuchang published its "2623" plan for ten industrial zones: revenue +40%,
# investment +30%. With what was known on that day, many futures under the plan's own levers:
#
# 1. 各目标达到的概率 · how likely is each target
# 2. 收入与投资的路径 · the paths of revenue and investment
# 3. 什么在卡 · what binds
# 4. 何时达到，多少已成定局 · when, and how much was settled before the plan began

# %% tags=["parameters"]
scenario = "plan"
replicates = 400
seed = 2012
lang = "zh"

# %%
# %matplotlib inline
from xuchang_sim.report.notebook import accept

accept(globals(), "scenario", "replicates", "seed", "lang")
from matplotlib.figure import Figure

from xuchang_sim import assess, load_pack, load_scenario
from xuchang_sim.report import figures
from xuchang_sim.report.inputs import without_verdict

pack = load_pack()
resolved = load_scenario(scenario, pack)
if not (isinstance(replicates, int) and replicates >= 50) or lang not in {"zh", "en"}:
    message = (
        f"replicates: a whole number from 50 on, lang: zh or en; given {replicates!r}, {lang!r}"
    )
    raise ValueError(message)
print(
    f"{resolved.title_zh} · {resolved.title_en}: {replicates} futures, seed {seed}, as of {pack.information_date}"
)

# %%
found = assess(resolved, replicates=replicates, seed=seed, pack=pack)
results = found.results
told = found.to_dict()
targets = {row["id"]: row for row in told["targets"]}
results

# %% [markdown]
# ## 1 达到的概率 · How likely
# 须线为模拟次数有限所致的误差（威尔逊区间）；参数的不确定已在结果的分布之中。带 † 的目标由执行力度的假定决定。
#
# Whiskers are Monte Carlo error (Wilson); uncertainty of parameters is inside the spread of
# outcomes. Targets with † are decided by an assumption on execution.

# %%
figure = Figure(figsize=(8, 12), layout="constrained")
unrated = without_verdict(results.setup)
figures.probabilities(results.targets(), unrated=unrated, ax=figure.subplots(), lang=lang)
figure

# %% [markdown]
# ## 2 收入与投资 · Revenue and investment
# 基年总量在每次模拟中精确复现。目标路径是基年进度按目标放大。
#
# Every future reproduces the base year's totals exactly. The target path is the base year's
# course grown to the target.

# %%
figure = Figure(figsize=(11, 4.2), layout="constrained")
left, right = figure.subplots(1, 2)
figures.fan(results, "revenue", ax=left, lang=lang)
figures.fan(results, "fai", ax=right, lang=lang)
figure

# %% [markdown]
# ## 3 什么在卡 · What binds
# 上：各区各月使投资等待的首要原因。下：收入离目标路径的首要原因。
#
# Above: the largest cause for which investment waits, by zone and month. Below: the largest cause
# of revenue short of its path.

# %%
figure = Figure(figsize=(10, 8), layout="constrained")
above, below = figure.subplots(2, 1)
why = results.why()
figures.ribbon(why, pack, kind="waiting", ax=above, lang=lang)
figures.ribbon(why, pack, kind="output", ax=below, lang=lang)
figure

# %% [markdown]
# ## 4 何时达到，多少已成定局 · When, and what was settled

# %%
figure = Figure(figsize=(8, 4), layout="constrained")
figures.attainment(results, ax=figure.subplots(), lang=lang)
figure

# %% [markdown]
# ## 结论 · Finding
# 由结果算出，不是写好的。 Computed from the results, not written beforehand.

# %%
revenue, fai = targets["revenue_growth"], targets["fai_growth"]
settled = told["settled_detail"]
outside = told["outside_view"]
gap = told["why"]["output"]
waiting = told["why"]["waiting"]
most = max((name for name in waiting if name != "total"), key=lambda name: waiting[name])


def chance(row):
    return f"{row['p']:.0%} [{row['p_low']:.0%}, {row['p_high']:.0%}]"


print(
    f"收入增长 {revenue['value']:.0%}：概率 {chance(revenue)}，中位数 {revenue['median']:.0%}；"
    f"外部视角 {outside['revenue_growth']['p']:.0%}\n"
    f"投资增长 {fai['value']:.0%}：概率 {chance(fai)}，中位数 {fai['median']:.0%}；"
    f"外部视角 {outside['fai_growth']['p']:.0%}\n"
    f"两者同时达到：{told['joint']['p']:.0%}\n"
    f"收入方差的 {settled['revenue'][str(pack.plan_year)]['variance']:.0%} 在计划公布前已定；"
    f"手段当年增加投资 {told['moved']['fai']['this_year']:.0f} 亿元、收入 {told['moved']['revenue']['this_year']:.0f} 亿元，"
    f"次年收入 {told['moved']['revenue']['next_year']:.0f} 亿元"
)
print(
    f"Revenue {revenue['value']:+.0%}: P = {chance(revenue)}, median {revenue['median']:+.0%},"
    f" reference-class forecast {outside['revenue_growth']['p']:.0%}.\n"
    f"Investment {fai['value']:+.0%}: P = {chance(fai)}, median {fai['median']:+.0%},"
    f" reference-class forecast {outside['fai_growth']['p']:.0%}.\n"
    f"Both: {told['joint']['p']:.0%}. Waiting investment is mostly held by: {most}."
)

# %%
assert 0.0 <= told["joint"]["p"] <= min(revenue["p"], fai["p"])
assert results.good.all(), results.failed
