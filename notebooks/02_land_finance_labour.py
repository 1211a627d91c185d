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
# # 02 土地、资金、人力 · Land, finance, labour
#
# 三类手段各能推动什么、彼此怎样牵制、最少要加多少。所有情景用同一组随机数，差别只来自手段。
# What three families of levers can move, how they hold one another back, and the least that must
# be added. All scenarios share their random numbers: what differs is the levers alone.
#
# 1. 三类手段的矩阵 · the matrix of the three
# 2. 以一定概率能达到的增长 · the growth that is reached with a given probability
# 3. 多一个单位带来多少 · what one more unit brings
# 4. 最小的组合 · the smallest bundle

# %% tags=["parameters"]
replicates = 200
seed = 2012
p = 0.8
lang = "zh"

# %%
# %matplotlib inline
from xuchang_sim.report.notebook import accept

accept(globals(), "replicates", "seed", "p", "lang")
import pandas as pd
from matplotlib.figure import Figure

from xuchang_sim import explain, frontier, load_pack, matrix, smallest_bundle
from xuchang_sim.report import figures
from xuchang_sim.report.fonts import speakable
from xuchang_sim.report.style import dress

pack = load_pack()
if (
    not (isinstance(replicates, int) and replicates >= 20)
    or not 0 < p < 1
    or lang not in {"zh", "en"}
):
    message = (
        f"replicates: a whole number from 20 on, p: between 0 and 1, lang: zh or en;"
        f" given {replicates!r}, {p!r}, {lang!r}"
    )
    raise ValueError(message)
print(f"{pack.title_zh}\n{replicates} futures a scenario, seed {seed}, probability {p:g}")

# %% [markdown]
# ## 1 矩阵 · The matrix
# 土地（行）、资金（列）、人力（块）各三档，其余按计划。
# Land (rows), finance (columns) and labour (blocks) at three levels, the rest as planned.

# %%
grid = matrix("matrix", replicates=replicates, seed=seed, pack=pack)
figure = Figure(figsize=(9, 6), layout="constrained")
upper, lower = figure.subplots(2, 1)
figures.heat(grid.cells, "fai", ax=upper, lang=lang)
figures.heat(grid.cells, "revenue_next", ax=lower, lang=lang)
figure

# %%
cells = pd.DataFrame(grid.cells)
gains = {
    axis: cells.groupby(axis)["fai"].mean()["high"] - cells.groupby(axis)["fai"].mean()["low"]
    for axis in ("land", "finance", "labour")
}
first = max(gains, key=lambda axis: gains[axis])
shown = ", ".join(f"{axis} {gain:+.1f}" for axis, gain in gains.items())
print(f"投资（低档到高档，亿元）· investment from low to high, 亿: {shown}")
print(f"推动投资最多的是 {first} · what moves investment most is {first}")
print(
    f"收入：{grid.predetermined:.0%} 的方差在计划出台前已定；各格最多相差 {grid.largest[0]:.1f} 亿元"
    f" · revenue: {grid.predetermined:.0%} of its variance was settled on the eve of the plan; cells"
    f" differ by at most {grid.largest[0]:.1f}"
)

# %% [markdown]
# ## 2 前沿 · The frontier
# 力度 0 为无计划，1 为计划，2 为手段范围的尽头。
# Strength 0 is no plan, 1 the plan, 2 the ends of the levers' ranges.

# %%
edge = frontier(
    p, scenarios=("no_plan", "plan", "all_high"), replicates=replicates, seed=seed, pack=pack
)
figure = Figure(figsize=(11, 4.5), layout="constrained")
axis_label = {
    "zh": {"land": "土地力度", "finance": "资金力度", "labour": "人力力度"},
    "en": {"land": "strength of land", "finance": "of finance", "labour": "of labour"},
}[lang]
for ax, ((rows, columns), maps) in zip(figure.subplots(1, 2), edge.maps.items(), strict=True):
    points = pd.DataFrame(
        [
            {"x": x, "y": y, "growth": maps["fai_growth"][i, j]}
            for i, y in enumerate(edge.grid)
            for j, x in enumerate(edge.grid)
        ]
    )
    figures.frontier(
        points,
        ax=ax,
        lang=lang,
        x_label=axis_label[columns],
        y_label=axis_label[rows],
        goal=pack.plan.target("fai_growth").value,
        measure="growth",
        label={"zh": "投资增长", "en": "growth of investment"}[lang],
    )
figure

# %%
for name, reach in edge.scenarios.items():
    words = ", ".join(
        f"{outcome} {100 * found.value:.1f}% [{100 * found.low:.1f}, {100 * found.high:.1f}]"
        for outcome, found in reach.items()
    )
    print(f"{name}: {words}")
best = max(reach["revenue_growth"].value for reach in edge.scenarios.values())
goal = pack.plan.target("revenue_growth").value
if best < goal:
    print(
        f"以概率 {p:g}，收入增长最多 {best:.1%}，低于目标 {goal:.0%}"
        f" · with probability {p:g}, revenue grows by {best:.1%} at most, below {goal:.0%}"
    )
else:
    print(f"以概率 {p:g} 能达到 {goal:.0%} · {goal:.0%} is reached with probability {p:g}")

# %% [markdown]
# ## 3 影子价格 · Shadow prices
# 手段上下移动、同一组随机数相减；右边是线性松弛的对偶值，只看方向与量级。
# Levers moved up and down on common random numbers; beside them the duals of a linear relaxation,
# for direction and order of magnitude only.

# %%
told = explain("plan", replicates=replicates, seed=seed, pack=pack)
rows = []
for price in told.prices:
    value, error = price.effect["fai"]
    rows.append(
        {
            "lever": price.lever,
            "label": getattr(pack.levers[price.lever], f"label_{speakable(lang)}"),
            "unit": price.unit,
            "cost": price.cost,
            "fai": value,
            "se": error,
            "fai_next": price.effect["fai_next"][0],
            "revenue_next": price.effect["revenue_next"][0],
            "dual": price.dual["fai"],
        }
    )
prices = pd.DataFrame(rows)
figure = Figure(figsize=(9, 3.6), layout="constrained")
ax = figure.subplots()
ax.barh(
    prices["label"] + " (" + prices["unit"] + ")",
    prices["fai"],
    xerr=1.96 * prices["se"],
    height=0.6,
)
ax.axvline(0.0, color="0.4", linewidth=0.8)
ax.set_xlabel(
    {"zh": "多一个单位：当年投资，亿元", "en": "one more unit: this year's investment, 100m yuan"}[
        speakable(lang)
    ]
)
dress(ax, lang, grid="x")
figure

# %%
prices.round(3)

# %%
sure = prices[(prices["fai"] - 1.96 * prices["se"]) > 0]
if len(sure):
    top = sure.loc[sure["fai"].idxmax()]
    print(
        f"对当年投资作用最大的一个单位：{top['lever']}（{top['unit']}），{top['fai']:.2f} 亿元"
        f" · the unit that adds most to this year's investment: {top['lever']} ({top['unit']}),"
        f" {top['fai']:.2f}"
    )
slack = prices[(prices["fai"].abs() <= 1.96 * prices["se"]) | (prices["fai"] == 0)]["lever"]
print(f"看不出作用的 · no effect to be seen: {', '.join(slack) or '–'}")

# %% [markdown]
# ## 4 最小组合 · The smallest bundle
# 三类手段各取 0、1、2 三档，以无计划为底，其余手段不动。两个条件：总概率够高；四组参数里有三组，各自的概率也够高。
# The three families at strengths 0, 1 and 2 on top of no plan; all other levers stay. Two conditions: P over all
# futures, and a P of its own for each parameter draw, high enough in three draws of four.

# %%
found = smallest_bundle(
    "fai_growth",
    p,
    factors=("land", "finance", "labour"),
    grid=(0.0, 1.0, 2.0),
    replicates=replicates,
    seed=seed,
    pack=pack,
)
if found.reachable:
    print(f"{len(found.bundles)} 个最小组合 · minimal bundles:")
    for choice in found.bundles:
        words = ", ".join(f"{name} {x:g}" for name, x in choice.strengths.items())
        print(
            f"  {words}: P = {choice.p:.2f} [{choice.p_low:.2f}, {choice.p_high:.2f}],"
            f" 下四分位 · lower quartile {choice.quartile:.2f}"
        )
else:
    print(
        f"只靠这三类手段达不到：最好的概率 {found.best.p:.2f}，以概率 {p:g} 最多增长"
        f" {found.highest['fai_growth']:.1%} · not reachable by these three alone: at best"
        f" P = {found.best.p:.2f}; {found.highest['fai_growth']:.1%} is reached with {p:g}"
    )
