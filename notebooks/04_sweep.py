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
# # 04 从脚本做扫描 · A sweep from a script
#
# 许多情景、许多次模拟，分块写入一个文件夹；中断后再运行一次即可接着做，结果逐位相同。
# Many points, many futures, written part by part into a folder. Killed and started again, it goes
# on; the result is the same to the last bit.
#
# 1. 设计 · the design
# 2. 运行，中断，再运行 · run, stop, run again
# 3. 结果说明什么 · what the rows say
# 4. 自己的表 · a table of one's own

# %% tags=["parameters"]
sweep_file = "quick"
replicates = 20
seed = 2012
folder = ""
lang = "zh"

# %%
# %matplotlib inline
from xuchang_sim.report.notebook import accept

accept(globals(), "sweep_file", "replicates", "seed", "folder", "lang")
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from xuchang_sim import load_design, load_pack, make_design, sweep
from xuchang_sim.answers.sweep import estimate, rerun
from xuchang_sim.report.fonts import speakable
from xuchang_sim.report.style import dress

pack = load_pack()
if not (isinstance(replicates, int) and replicates >= 2) or lang not in {"zh", "en"}:
    message = (
        f"replicates: a whole number from 2 on, lang: zh or en; given {replicates!r}, {lang!r}"
    )
    raise ValueError(message)
design = replace(load_design(sweep_file, pack), replicates=replicates, seed=seed)
out = Path(folder or tempfile.mkdtemp(prefix="sweep-"))
print(f"{design.name}: {len(design.points)} points x {replicates} replicates, seed {seed}")

# %% [markdown]
# ## 1 设计 · The design

# %%
points = pd.DataFrame(design.points, columns=design.columns)
cost = estimate(design)
print(
    f"{cost.rows:,} 次模拟，约 {cost.seconds:.0f} 秒，{cost.bytes / 1e6:.1f} MB"
    f" · {cost.rows:,} runs, about {cost.seconds:.0f} s and {cost.bytes / 1e6:.1f} MB"
)
points.describe().round(2)

# %%
figure = Figure(figsize=(10, 2.6), layout="constrained")
for ax, (name, values) in zip(figure.subplots(1, len(points.columns)), points.items(), strict=True):
    ax.hist(values, bins=8, color="0.6")
    ax.set_title(name, fontsize=9)
    ax.set_yticks([])
    dress(ax, lang, grid="")
figure

# %% [markdown]
# ## 2 运行，中断，再运行 · Run, stop, run again
# 进度函数一抛出异常，扫描就停下；已完成的块留在文件夹里。
# An exception raised by the progress function stops the sweep; finished parts stay in the folder.


# %%
class Stopped(Exception):  # noqa: N818
    """Somebody pulled the plug."""


def pull_the_plug(done: int, whole: int) -> None:
    """Stop after a third."""
    if done >= whole / 3:
        raise Stopped


rows_per_part = max(1, design.rows // 12)
try:
    sweep(design, out=out / "stopped", rows_per_part=rows_per_part, progress=pull_the_plug)
except Stopped:
    parts = len(list((out / "stopped").glob("part-*.parquet")))
    print(f"停下时有 {parts} 块 · {parts} parts when it stopped")
resumed = sweep(design, out=out / "stopped", rows_per_part=rows_per_part)
whole = sweep(design, out=out / "whole")
same = resumed.digest() == whole.digest()
print(f"与不中断的相同 · equal to an uninterrupted run: {same}\n{whole.digest()}")
if not same:
    message = "the resumed sweep differs from the uninterrupted one"
    raise RuntimeError(message)

# %% [markdown]
# ## 3 结果 · The rows
# 文件夹就是一张表：先是设计的列，再是 scenario、draw、replicate，然后是指标。
# The folder is one table: the design's columns, then scenario, draw, replicate, then measures.

# %%
frame = pd.read_parquet(out / "whole")
means = frame.groupby(list(design.columns), sort=False)[["fai_growth", "revenue_growth"]].mean()
means = means.reset_index()
ranks = means.rank().corr()
figure = Figure(figsize=(10, 5), layout="constrained")
axes = figure.subplots(2, len(design.columns), sharey="row", squeeze=False)
for k, name in enumerate(design.columns):
    for row, outcome in enumerate(("fai_growth", "revenue_growth")):
        ax = axes[row][k]
        ax.plot(means[name], 100 * means[outcome], ".", color="0.5", markersize=4)
        line = np.polyfit(means[name], 100 * means[outcome], 1)
        ends = np.array([means[name].min(), means[name].max()])
        ax.plot(ends, np.polyval(line, ends), color="C0")
        if row:
            ax.set_xlabel(name, fontsize=9)
shown = speakable(lang)
axes[0][0].set_ylabel({"zh": "投资增长 %", "en": "growth of investment, %"}[shown])
axes[1][0].set_ylabel({"zh": "收入增长 %", "en": "growth of revenue, %"}[shown])
for ax in axes.flat:
    dress(ax, lang, grid="both")
figure

# %%
for outcome in ("fai_growth", "revenue_growth"):
    order = ranks.loc[list(design.columns), outcome].sort_values(key=np.abs, ascending=False)
    words = ", ".join(f"{name} {value:+.2f}" for name, value in order.items())
    print(f"{outcome}（秩相关 · rank correlation）: {words}")
    print(f"  最重要的是 {order.index[0]} · what matters most is {order.index[0]}")

# %%
met = frame.assign(
    fai=frame["fai_growth"] >= pack.plan.target("fai_growth").value,
    revenue=frame["revenue_growth"] >= pack.plan.target("revenue_growth").value,
)
chance = met.groupby(list(design.columns), sort=False)[["fai", "revenue"]].mean()
figure = Figure(figsize=(6, 3.4), layout="constrained")
ax = figure.subplots()
bins = np.linspace(0, 1, 11)
ax.hist(
    [chance["fai"], chance["revenue"]],
    bins=bins,
    label=[
        f"{getattr(target, f'label_{shown}')} {target.value:+.0%}"
        for target in (pack.plan.target("fai_growth"), pack.plan.target("revenue_growth"))
    ],
)
ax.set_xlabel({"zh": "各点达到目标的概率", "en": "probability of the target at a point"}[shown])
ax.set_ylabel({"zh": "点数", "en": "points"}[shown])
ax.legend(frameon=False)
dress(ax, lang)
figure

# %%
print(
    f"概率过半的点：投资 {(chance['fai'] > 0.5).mean():.0%}，收入 {(chance['revenue'] > 0.5).mean():.0%}"
    f" · points with P above one half: investment {(chance['fai'] > 0.5).mean():.0%},"
    f" revenue {(chance['revenue'] > 0.5).mean():.0%}"
)

# %% [markdown]
# ## 4 自己的表 · A table of one's own
# 数据框、CSV 或 Excel 都可以；空格表示不改。任何一行都可以单独重算。
# A data frame, a CSV or an Excel sheet; an empty cell changes nothing. Any row can be run alone.

# %%
table = pd.DataFrame({"land": ["plan", "high", None], "approval_cut": [0.25, 0.4, None]})
mine = make_design(
    table, replicates=replicates, seed=seed, measures=("fai", "starts_1e8"), pack=pack
)
rows = sweep(mine, out=out / "mine").frame()
again = rerun(mine, 1)
print(rows.groupby("approval_cut", dropna=False)[["fai", "starts_1e8"]].mean().round(1))
print(f"第 1 行重算相同 · row 1 run alone is the same: {again['fai'] == rows['fai'].iloc[1]}")
whole.export(out / "all.csv")
print(f"全部结果 · all rows: {out / 'all.csv'}")
