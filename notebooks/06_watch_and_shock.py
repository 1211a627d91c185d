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
# # 06 看一看，冲一冲 · Watch one future, and shock it
#
# 一次模拟就是一个 Mesa 模型：集聚区、企业、项目都是可以查看、可以改动的个体。
# 冲击是一个函数，五行就够；它在每月某一步之后执行。
#
# One replicate is a Mesa model: zones, firms and projects are agents that can be watched and
# changed. A shock is a function of five lines, run after a named step of every month.

# %% tags=["parameters"]
scenario = "plan"
replicate = 0
seed = 2012
zone = 0
lost = 0.8

# %%
# %matplotlib inline
from xuchang_sim.report.notebook import accept

accept(globals(), "scenario", "replicate", "seed", "zone", "lost")
from matplotlib.figure import Figure

from xuchang_sim import Study

study = Study(replicates=1, seed=seed)
pack = study.pack
flooded = 12 * pack.plan_year + 7  # August of the plan year
print(f"{pack.title_zh} · {pack.title_en}; replicate {replicate}, seed {seed}")

# %% [markdown]
# ## 冲击 · The shock
# 8 月的洪水使一个区的企业失去大部分订单。
#
# A flood in August costs the firms of one zone most of their orders.


# %%
def flood(economy):
    if economy.month == flooded:
        for firm in economy.firms:
            if firm.zone == zone:
                firm.b *= 1.0 - lost


quiet = study.economy(scenario, replicate=replicate)
struck = study.economy(scenario, replicate=replicate, hooks={"orders": [flood]})

# %% [markdown]
# ## 逐月运行 · Month by month
# 两个世界用同样的随机数：差别只来自冲击。
#
# Both worlds have the same random numbers: they differ by the shock alone.

# %%
months, revenue, workers = [], {"quiet": [], "struck": []}, {"quiet": [], "struck": []}
while quiet.month < 12 * pack.plan_year + 23:
    for name, economy in (("quiet", quiet), ("struck", struck)):
        economy.step()
        row = economy.zones[zone]
        revenue[name].append(row.revenue)
        workers[name].append(row.workers)
    months.append(quiet.month % 12 + 1)
print(f"{len(quiet.firms)} firms and {len(quiet.projects)} projects at the end")

# %%
figure = Figure(figsize=(11, 4), layout="constrained")
left, right = figure.subplots(1, 2)
for axes, series, label in (
    (left, revenue, "revenue of the zone, 100m yuan a month"),
    (right, workers, "workers of the zone"),
):
    for name, values in series.items():
        axes.plot(values, label=name)
    axes.set_xlabel("months from January of the plan year")
    axes.set_title(label)
    axes.legend()
figure

# %% [markdown]
# ## 行业与规模 · Who is in the zone

# %%
sizes = sorted((firm.K for firm in quiet.firms if firm.zone == zone), reverse=True)
figure = Figure(figsize=(6, 3.5), layout="constrained")
axes = figure.subplots()
axes.loglog(range(1, len(sizes) + 1), sizes, ".")
axes.set_xlabel("rank")
axes.set_ylabel("capital, 100m yuan")
axes.set_title("firms of the zone by size")
figure

# %% [markdown]
# ## 结论 · Finding
# 由结果算出，不是写好的。 Computed from the results, not written beforehand.

# %%
before = flooded - 12 * pack.plan_year
short = sum(revenue["quiet"]) - sum(revenue["struck"])
back = next(
    (m for m in range(before, len(months)) if revenue["struck"][m] > 0.98 * revenue["quiet"][m]),
    None,
)
print(
    f"洪水使该区两年少收入 {short:.1f} 亿元；"
    + (f"{back - before} 个月后恢复。" if back is not None else "两年内没有恢复。")
)
print(
    f"The flood costs the zone {short:.1f} x 100m yuan of revenue over the two years; "
    + (
        f"it is back after {back - before} months."
        if back is not None
        else "it is not back by the end."
    )
)

# %%
assert revenue["quiet"][:before] == revenue["struck"][:before]  # nothing before the shock differs
assert revenue["struck"][before] < (1.0 - lost / 3) * revenue["quiet"][before]
assert short > 0
