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
# # 05 换一个城市 · Your own city
#
# 城市就是一个数据包：一个文件夹，或一个 Excel 工作簿。这里新建一个，像规划人员那样在 Excel 里
# 改两个数，检查，评估，再比较两种做法。做法见 docs/howto_new_city.md。
#
# A city is a pack: a folder, or an Excel workbook. Here one is made, two numbers are changed as a
# planner would in Excel, it is checked, assessed, and two ways to proceed are compared.

# %% tags=["parameters"]
revenue_target = "420 亿元"
quota = "18 公顷/区/年"
replicates = 100
seed = 2012
lang = "zh"

# %%
# %matplotlib inline
from xuchang_sim.report.notebook import accept

accept(globals(), "revenue_target", "quota", "replicates", "seed", "lang")
if not (isinstance(replicates, int) and replicates >= 20) or lang not in {"zh", "en"}:
    message = (
        f"replicates: a whole number from 20 on, lang: zh or en; given {replicates!r}, {lang!r}"
    )
    raise ValueError(message)
print(f"revenue {revenue_target}, quota {quota}: {replicates} futures, seed {seed}")

# %% [markdown]
# ## 1 新建、修改、检查 · Make, edit, check
# `xuchang-sim new mycity --excel` 给出一个可以直接运行的工作簿。数字可以照平时的写法输入。
#
# `xuchang-sim new mycity --excel` gives a workbook that runs as it is. Numbers are typed as usual.

# %%
import tempfile
from pathlib import Path

import openpyxl

from xuchang_sim import load_pack
from xuchang_sim.pack.load import validate_path
from xuchang_sim.pack.starter import new_pack

folder = Path(tempfile.mkdtemp(prefix="city-")) / "mycity"
path = new_pack(folder, excel=True)


def cell_of(sheet, row_id, key):
    """Cell in the row with this id and the column with this key."""
    heads = {cell.value: cell.column for cell in sheet[1]}
    rows = (
        row[0].row for row in sheet.iter_rows(min_row=4) if row[heads["id"] - 1].value == row_id
    )
    return sheet.cell(next(rows), heads[key])


workbook = openpyxl.load_workbook(path)
cell_of(workbook["targets"], "revenue", "value").value = "very much"
workbook.save(path)
faults = validate_path(path)
for fault in faults:
    print(str(fault).replace(str(path), path.name))
assert faults, "a word is no number"

# %%
cell_of(workbook["targets"], "revenue", "value").value = revenue_target
# 文件里没有这个数，所以要说明它从哪里来 · the document does not hold this number: say where it comes from
cell_of(workbook["rows"], "revenue", "how").value = f"假设 · supposed: {revenue_target}"
cell_of(workbook["levers"], "quota_per_zone", "plan").value = quota
workbook.save(path)
pack = load_pack(path)
target = pack.plan.target("revenue")
lever = pack.levers["quota_per_zone"]
print(
    f"{target.label_zh} {target.value:g} {target.unit}; {lever.label_zh} {lever.plan:g} {lever.unit}"
)

# %% [markdown]
# ## 2 评估 · Assess

# %%
from matplotlib.figure import Figure

from xuchang_sim import assess
from xuchang_sim.report import figures
from xuchang_sim.report.inputs import without_verdict
from xuchang_sim.report.sentences import answer

found = assess("plan", replicates=replicates, seed=seed, pack=pack)
found.results

# %%
figure = Figure(figsize=(8, 4.4), layout="constrained")
unrated = without_verdict(found.results.setup)
figures.probabilities(found.results.targets(), unrated=unrated, ax=figure.subplots(), lang=lang)
figure

# %%
figure = Figure(figsize=(11, 4), layout="constrained")
left, right = figure.subplots(1, 2)
figures.fan(found.results, "revenue", ax=left, lang=lang)
figures.fan(found.results, "fai", ax=right, lang=lang)
figure

# %% [markdown]
# ## 3 什么在卡，换一种做法又如何 · What binds, and another way

# %%
figure = Figure(figsize=(11, 3.8), layout="constrained")
left, right = figure.subplots(1, 2)
figures.causes(found.results.why(), ax=left, lang=lang)
figures.causes(found.results.why(), kind="output", ax=right, lang=lang)
figure

# %%
from xuchang_sim.study import compare

difference = compare("plan", "all_high", replicates=replicates, seed=seed, pack=pack)
difference

# %%
heads = [t.id for t in pack.plan.targets() if t.headline]
runs = {r.variant.scenario.title_zh if lang == "zh" else r.variant.scenario.title_en: r
        for r in (found.absent, difference.a, difference.b)}  # fmt: skip
figure = Figure(figsize=(9, 4), layout="constrained")
figures.comparison(runs, heads, ax=figure.subplots(), lang=lang)
figure

# %% [markdown]
# ## 结论 · Finding

# %%
for sentence in answer(found, lang):
    print(sentence)
gain = difference.targets["fai"]
print(
    f"全部加力使投资达标概率变化 {gain.difference:+.2f}（95%：{gain.low:+.2f} 至 {gain.high:+.2f}）"
    f" · every lever beyond the plan changes P(investment) by {gain.difference:+.2f}"
)
assert 0.0 <= found.to_dict()["joint"]["p"] <= 1.0
assert abs(found.results.outcome("revenue", pack.base_year).mean() - pack.base.revenue.value) < 1e-6
