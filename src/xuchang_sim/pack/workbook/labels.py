"""Words of a workbook's columns, in Chinese and English, and how their values are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xuchang_sim.pack.workbook.sheets import Column

__all__ = ["help_of", "hint", "label_of"]

_WORDS = {
    "id": "代码 · id", "row": "行号 · row", "paragraph": "出处 · paragraph", "quote": "原文 · quote",
    "label_zh": "中文名", "label_en": "English name", "name_zh": "中文名", "name_en": "English name",
    "value": "数值 · value", "unit": "单位 · unit", "deadline": "期限 · deadline",
    "type": "类型 · type", "use": "用途 · use", "how": "如何进入模型 · how", "reason": "理由 · reason",
    "levers": "手段 · levers", "direction": "方向 · direction", "basis": "依据 · basis",
    "headline": "主要目标 · headline", "measure": "计量 · measure", "source": "来源 · source",
    "mark": "把握 · mark", "note": "说明 · note", "code": "编号 · code", "level": "级别 · level",
    "revenue_share": "收入份额 · share of revenue", "evidence": "依据 · evidence",
    "default": "默认值 · default", "range.0": "最小 · smallest", "range.1": "最大 · largest",
    "weight": "权重 · weight", "sector": "行业 · sector", "zone": "集聚区 · zone",
    "period": "时期 · period", "series": "序列 · series", "entity": "对象 · entity",
    "absent": "没有计划 · absent", "low": "打折 · low", "plan": "按计划 · plan", "high": "加力 · high",
    "threshold": "门槛 · threshold", "threshold.value": "门槛 · threshold",
    "threshold.unit": "门槛单位 · its unit",
    "expands": "可扩区 · may expand", "site_bonus": "重点地块 · weight of named sites",
    "sewage_plant": "建污水厂 · builds a sewage plant", "named_in_document": "文件点名 · named in document",
    "ppi_beta": "随工业品价格 · response to producer prices",
    "own_money_min": "最低自有资金 · least equity", "plot_ratio_min": "最低容积率 · least plot ratio",
    "floor_suited": "可进标准厂房 · suits standard floor", "productivity": "人均产出 · relative productivity",
    "initial_share": "基年份额 · share in base year", "share": "占行业 · share of its sector",
    "range": "范围 · range", "prior.kind": "先验 · prior", "prior.sd": "标准差 · its sd",
    "prior.sigma": "对数标准差 · its log sd", "does": "作用 · what it moves", "defined": "定义值 · defined",
    "label.zh": "中文名", "label.en": "English name",
    "file": "文件 · file", "frequency": "频率 · frequency", "release.months": "滞后月 · released after months",
    "confidence": "可信程度 · confidence",
    "published": "公布时间 · published",
    "release.day": "发布日 · day of release", "breaks": "口径变动年 · years of other coverage",
    "name": "包名 · name of the pack", "title_zh": "中文题名", "title_en": "English title",
    "document.file": "文件全文 · text of the document", "document.sha256": "其校验和 · its hash; may be left empty",
    "document.number": "文号 · number of the document", "document.url": "网址 · address",
    "information_date": "信息截止日 · nothing published later is known",
    "base_year": "基年 · its totals are reproduced", "plan_year": "计划年 · year of the targets",
    "policy_month": "政策起月 · first month of the plan", "default_through": "默认末月 · last month by default",
    "last_month": "最远末月 · last month allowed", "pipeline_start": "项目库起月 · first month of the pipeline",
    "firms_start": "企业起月 · first month of the firms",
    "calendar.group_months": "集中开工月 · months of joint ground-breakings",
    "calendar.revenue_season": "收入季节因子 · seasonal factors of revenue, 12",
    "calendar.fai_season.estimate_from": "投资季节取自 · series of the investment season",
    "calendar.fai_season.years.0": "起年 · first year used", "calendar.fai_season.years.1": "止年 · last year used",
    "share_concentration": "份额抽取的集中度 · Dirichlet weight of the zones' shares",
    "share_mark": "份额的把握 · how sure the shares are", "share_note": "份额的由来 · where the shares come from",
}  # fmt: skip
#: Parts of the keys of the base year's totals.
_TOTALS = {"revenue": "主营业务收入 · revenue", "fai": "固定资产投资 · investment", "profit_tax": "利税 · profit and tax", "workers": "从业人员 · workers"}  # fmt: skip
_ASPECTS = {
    "value": "总量 · total",
    "source": "来源 · source",
    "mark": "把握 · mark",
    "unit": "单位 · unit",
}
_HINTS: dict[str, str] = {
    "day": "YYYY-MM-DD", "month": "YYYY-MM", "list": "a; b; c", "wholes": "1; 2; 3",
    "numbers": "1.2; 3.4", "whole": "整数 · whole number", "number": "数 · number",
    "amount": "数、商或带单位 · 2000, 20/3, 2000 亿元", "aside": "说明，不读取 · not read", "flag": "TRUE / FALSE", "id": "a-z 0-9 _",
    "unit": "亿元 万元 亩 公顷 人 万人 比例 % …", "period": "YYYY, YYYY-MM, YYYYQ1",
}  # fmt: skip


def label_of(column: Column) -> str:
    """Name of a column in Chinese and English, as row 2 says it."""
    match column.path:
        case ("base", str(total), *inner, str(aspect)):
            other = "（另一读法 · another reading）" if inner else ""
            return f"{_TOTALS[total]}{other}: {_ASPECTS[aspect]}"
    return _WORDS[column.key]


def hint(column: Column) -> str:
    """Allowed entries of a column: its choices, its unit, or an example."""
    if column.choices:
        return " / ".join(column.choices)
    return column.unit or _HINTS.get(column.kind, "")


def help_of(column: Column) -> frozenset[str]:
    """Return the texts that rows 2 and 3 of the template have for a column."""
    named = column.key in _WORDS or column.path[0] == "base"
    return frozenset(text for text in (label_of(column) if named else "", hint(column)) if text)
