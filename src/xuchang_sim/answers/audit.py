"""The plan's own arithmetic, checked: what its numbers imply, and whether they fit together.

One module because it is a list: one short function for each check, in the order of the plan.

Every check gives its numbers and says whether they hold. "Ambiguous" means that the document can be
read in two ways, or that the numbers fit only under an assumption of the pack. A check declares
what it needs; for a plan that lacks some of it, the answer says so in place of the numbers.
"""

from math import isclose, log, pow as power
from typing import TYPE_CHECKING, Literal, NamedTuple

from xuchang_sim import definitions
from xuchang_sim.answers.requirements import require
from xuchang_sim.units import convert, english, factor

if TYPE_CHECKING:
    from collections.abc import Callable

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.plan import Target

__all__ = ["AuditRow", "Figure", "audit"]

#: 万元, and 元, of one 亿元.
WAN, YUAN = factor("亿元", "万元"), factor("亿元", "元")

Holds = Literal["yes", "no", "ambiguous", "not_applicable"]

_Text = tuple[str, float, str]
"""Label as ``Chinese · English``, value, unit."""


class Figure(NamedTuple):
    """A number of an audit row."""

    label_zh: str
    label_en: str
    value: float
    unit: str


class AuditRow(NamedTuple):
    """One check of the plan's own arithmetic: the numbers, and whether they hold together."""

    id: str
    label_zh: str
    label_en: str
    paragraph: str
    holds: Holds
    finding_zh: str
    finding_en: str
    figures: tuple[Figure, ...]


def audit(pack: "Pack") -> list[AuditRow]:
    """Check the plan against itself, against its base year and against the pack's parameters.

    Parameters
    ----------
    pack : Pack
        A loaded pack.

    Returns
    -------
    list of AuditRow
        One row for each check, in a fixed order; ``not_applicable`` where the pack lacks what the
        check needs.

    Raises
    ------
    InputError
        If a target names a measure that does not exist, which would hide a check.
    """
    require(pack, "plan --check")
    facts = _Facts(pack)
    return [check.row(facts) for check in CHECKS]


class _Finding(NamedTuple):
    """Result of a check: whether it holds, why (``Chinese · English``), and its numbers."""

    holds: Holds
    text: str
    figures: tuple[_Text, ...]


class Check(NamedTuple):
    """A check of the plan's arithmetic and what it needs.

    Parameters
    ----------
    id, label : str
        Name; what it looks at, ``Chinese · English``.
    targets : str
        Measures, or families of measures, of the targets it is about, all of which it needs; their
        paragraphs stand beside it.
    needs : str
        What else it needs: parameters, levers, and words of :data:`OTHER_NEEDS`.
    examine : callable
        Takes the facts, gives the finding; asks for no number that is not named here.
    """

    id: str
    label: str
    targets: str
    needs: str
    examine: "Callable[[_Facts], _Finding]"

    def row(self, facts: "_Facts") -> AuditRow:
        """Return the row of this check on a pack."""
        zh, en = self.label.split(" · ")
        about = [target for name in self.targets.split() for target in facts.about(name)]
        paragraph = "、".join(dict.fromkeys(target.paragraph for target in about))
        missing = [name for name in self.targets.split() if not facts.about(name)]
        missing += [name for name in self.needs.split() if not facts.has(name)]
        if missing:
            lost = [_spoken(name) for name in missing]
            names_zh, names_en = ("、".join(n[0] for n in lost), ", ".join(n[1] for n in lost))
            reasons = f"不适用：计划没有{names_zh}", f"not applicable: the plan has no {names_en}"
            return AuditRow(self.id, zh, en, paragraph, "not_applicable", *reasons, ())
        try:
            finding = self.examine(facts)
        except ZeroDivisionError:
            return AuditRow(self.id, zh, en, paragraph, "not_applicable", *NO_RATIO, ())
        numbers = []
        for text, value, unit in finding.figures:
            label_zh, label_en = text.split(" · ")
            numbers.append(Figure(label_zh, label_en, value, unit))
        reading_zh, reading_en = finding.text.split(" · ")
        said = reading_zh, reading_en, tuple(numbers)
        return AuditRow(self.id, zh, en, paragraph, finding.holds, *said)


#: Further inputs of a check, beside targets, parameters and levers, in both languages.
OTHER_NEEDS = {
    "other_fai_base": ("投资基数的另一读法", "other reading of the investment base"),
    "named_clusters": ("集群名单", "list of clusters"),
}
NO_RATIO = (
    "不适用：计划的数字使比率的分母为零",
    "not applicable: the plan's numbers leave a ratio without a denominator",
)


def _spoken(name: str) -> tuple[str, str]:
    """Name of what is missing, in both languages."""
    if measure := definitions.measures().get(name):
        zh, en = measure.label
        return (
            f"{zh.format(threshold='一定规模')}目标",
            f"target for {en.format(threshold='a size')}",
        )
    if number := definitions.parameters().get(name) or definitions.levers().get(name):
        return number.label_zh, number.label_en
    return OTHER_NEEDS[name]


class _Facts:
    """Numbers by name: a target's value by its measure, a lever's planned level, a parameter."""

    def __init__(self, pack: "Pack") -> None:
        self.base, self.region = pack.base, pack.region
        self.zones = len(pack.region.zones)
        self.months = 12 * (pack.plan_year + 1) - pack.policy_month
        every = [target for target in pack.plan.targets() if target.zone is None]
        self.targets = {target.measure: target for target in every}
        self.written = {
            target.measure: row.unit or target.unit
            for row in pack.plan.rows
            for target in row.target_entries
        }
        self.ranges = {name: (x.low, x.high) for name, x in pack.parameters.items()}
        numbers = {name: x.default for name, x in pack.parameters.items()}
        numbers |= {name: lever.plan for name, lever in pack.levers.items()}
        numbers |= {name: target.value for name, target in self.targets.items()}
        if self.base.fai.alternative is not None:
            numbers["other_fai_base"] = self.base.fai.alternative.value
        self.numbers = numbers

    def __call__(self, name: str) -> float:
        """Return the number of this name."""
        return self.numbers[name]

    def has(self, name: str) -> bool:
        """Whether the pack has a number, or what else a check needs."""
        return bool(self.region.clusters) if name == "named_clusters" else name in self.numbers

    def about(self, name: str) -> "list[Target]":
        """Targets of a measure or of a family such as ``zones``, in the plan's order."""
        return [t for measure, t in self.targets.items() if name in {measure, _stem(measure)}]

    def tiers(self, family: str) -> list[tuple[float, float]]:
        """Threshold in 亿元 and number of the targets of a family, such as zones, largest first."""
        sizes = [(target.threshold, target.value) for target in self.about(family)]
        result = [(convert(x.value, x.unit, "亿元"), number) for x, number in sizes if x]
        return sorted(result, reverse=True)

    def sizes(self) -> dict[str, float]:
        """Revenue above designated size of each zone at the target, by the central (synthetic) shares."""
        total = self("revenue") * self("scope_ratio")
        return {zone.id: total * zone.revenue_share for zone in self.region.zones}

    def land_need(self) -> tuple[float, float]:
        """Mean size of a project in 亿元, and land of the joint ground-breakings in 亩."""
        laws = ("size_ordinary", "starts_ordinary"), ("size_large", "starts_large")
        money = starts = 0.0
        for law, number in laws:
            mean = _pareto_mean(self(f"{law}_alpha"), self(f"{law}_min"), self(f"{law}_max"))
            money += self(number) * mean
            starts += self(number)
        mean = money / starts
        return mean, self("group_starts") * mean * WAN / self("intensity_ordinary")

    def worker_growth(self) -> tuple[float, float]:
        """Growth factors of workers and of revenue per worker that the targets imply."""
        revenue, workers = self("revenue") / self.base.revenue.value, self("workers")
        factor = workers / self.base.workers.value
        return factor, revenue / factor


def _stem(measure: str) -> str:
    """Family of a measure that is named with a threshold: ``zones`` of ``zones_100``."""
    stem, _, size = measure.rpartition("_")
    return stem if size.isdecimal() else measure


def _found(holds: Holds, finding: str, *figures: _Text) -> _Finding:
    return _Finding(holds, finding, figures)


def _base_year(n: _Facts) -> _Finding:
    revenue = n("revenue") / (1 + n("revenue_growth"))
    fai = n("fai") / (1 + n("fai_growth"))
    profit_tax = n("profit_tax") / (1 + n("profit_tax_growth"))
    workers = n("workers") - n("new_workers")
    implied = (revenue, fai, profit_tax, workers)
    held = (n.base.revenue, n.base.fai, n.base.profit_tax, n.base.workers)
    same = all(isclose(a, b.value) for a, b in zip(implied, held, strict=True))
    return _found(
        "yes" if same else "no",
        "目标除以增长率应等于模型再现的基数"
        " · targets over growth must equal the base that the model reproduces",
        ("主营业务收入 · revenue", revenue, "亿元"),
        ("固定资产投资 · investment", fai, "亿元"),
        ("利税 · profit and tax", profit_tax, "亿元"),
        ("从业人员上限 · workers, at most", workers, "人"),
    )


def _other_base(n: _Facts) -> _Finding:
    other = n("other_fai_base")
    growth = n("fai") / other - 1
    return _found(
        "yes" if growth >= n("fai_growth") else "ambiguous",
        "基数不同，达到总量与达到增速就不是一回事"
        " · on another base, reaching the level and reaching the growth part company",
        ("计划隐含 · implied by the plan", n.base.fai.value, "亿元"),
        ("按累计数推算 · from the year to date", other, "亿元"),
        ("达到目标所需增速 · growth to the target", growth, "比例"),
    )


def _decomposition(n: _Facts) -> _Finding:
    workers, each = n.worker_growth()
    return _found(
        "yes" if isclose(workers * each, 1 + n("revenue_growth")) else "no",
        "三个目标合起来意味着人均收入的增长"
        " · the targets for revenue and workers imply a growth of revenue per worker",
        ("用工 · workers", workers, "倍"),
        ("人均收入 · revenue per worker", each, "倍"),
        ("上年人均 · last year", n.base.revenue.value / n.base.workers.value * WAN, "万元/人"),
        ("目标人均 · at the target", n("revenue") / n("workers") * WAN, "万元/人"),
    )


def _productivity(n: _Facts) -> _Finding:
    needed = n.worker_growth()[1] - 1
    lowest, highest = n.ranges["productivity_growth"]
    return _found(
        "yes" if needed <= highest else "no",
        "与现有企业人均收入增速的范围相比 · against the range of incumbents' growth per worker",
        ("需要 · needed", needed, "/年"),
        ("现有企业，最低 · incumbents, at least", lowest, "/年"),
        ("现有企业，最高 · incumbents, at most", highest, "/年"),
    )


def _margin(n: _Facts) -> _Finding:
    before, after = n.base.profit_tax.value / n.base.revenue.value, n("profit_tax") / n("revenue")
    return _found(
        "yes" if isclose(before, after) else "no",
        "目标隐含的利税率与上年相比 · the share implied by the targets, against last year's",
        ("上年 · last year", before, "比例"),
        ("目标 · at the target", after, "比例"),
    )


def _zone_tiers(n: _Facts) -> _Finding:
    tiers = n.tiers("zones")
    nested = disjoint = counted = 0.0
    for threshold, number in tiers:
        nested += threshold * max(number - counted, 0)
        counted = max(counted, number)
    inner = sum(number for _, number in tiers[:-1])
    disjoint = sum(threshold * number for threshold, number in tiers[:-1])
    disjoint += tiers[-1][0] * (tiers[-1][1] - inner)
    total = n("revenue") * n("scope_ratio")
    return _found(
        "ambiguous" if disjoint <= total else "no",
        "各档是否互相包含，文件没有说清 · whether the tiers contain each other is not said",
        ("互相包含 · nested", nested, "亿元"),
        ("互不包含 · disjoint", disjoint, "亿元"),
        ("规模以上口径的目标 · target, above scale", total, "亿元"),
    )


def _zone_sizes(n: _Facts) -> _Finding:
    sizes = sorted(n.sizes().values(), reverse=True)
    result = [(x, number, sum(s > x for s in sizes)) for x, number in n.tiers("zones")]
    return _found(
        "yes" if all(count >= number for _, number, count in result) else "ambiguous",
        "按中心份额分摊总目标；份额为合成数据"
        " · the target shared out by the central shares, which are synthetic",
        *((f"超 {x:g} 亿元 · above {x / 10:g}bn yuan", count, "区") for x, _, count in result),
        ("最大的区 · the largest zone", sizes[0], "亿元"),
    )


def _clusters(n: _Facts) -> _Finding:
    asked: dict[str, float] = {}
    for cluster in n.region.clusters:
        asked[cluster.zone] = asked.get(cluster.zone, 0.0) + cluster.threshold
    tightest = max(asked, key=lambda zone: asked[zone] / n.sizes()[zone])
    fits = asked[tightest] <= n.sizes()[tightest]
    return _found(
        "yes" if fits else "no",
        "各区集群之和应小于该区收入，这里列出最紧的一区"
        " · a zone's clusters must fit its revenue; the tightest zone is shown",
        ("集群合计 · all clusters", sum(asked.values()), "亿元"),
        ("最紧一区的集群 · clusters of the tightest zone", asked[tightest], "亿元"),
        ("该区目标年收入 · its revenue at the target", n.sizes()[tightest], "亿元"),
    )


def _land(n: _Facts) -> _Finding:
    mean, need = n.land_need()
    promised = n("quota_min_zone") * n.zones
    return _found(
        "yes" if need <= promised else "no",
        "按一般项目的投资强度计算 · at the investment per mu of ordinary projects",
        ("项目平均规模 · mean size", mean, "亿元"),
        ("投资强度 · investment per mu", n("intensity_ordinary"), "万元/亩"),
        ("需要 · needed", need, "亩"),
        ("承诺 · promised", promised, "亩"),
    )


def _land_levers(n: _Facts) -> _Finding:
    need = n.land_need()[1] * (1 - n("own_site_share"))
    supply = n("quota_per_zone") * (1 + n("quota_tilt")) * n.zones
    supply += n("municipal_reserve") + n("reused_land")
    return _found(
        "ambiguous" if need <= supply else "no",
        "预留、倾斜、调整的数量和不要新地的比重都是判断"
        " · tilt, reserve, reuse and the share that needs no new land are judgement",
        ("需要新地 · new land needed", need, "亩"),
        ("全部手段 · all levers", supply, "亩"),
    )


def _pareto_mean(alpha: float, low: float, high: float) -> float:
    """Mean of a Pareto law cut off at `high`."""
    ratio = low / high
    if isclose(alpha, 1.0):
        return low * log(1 / ratio) / (1 - ratio)
    return alpha / (alpha - 1) * low * (1 - power(ratio, alpha - 1)) / (1 - power(ratio, alpha))


def _large_on_quota(n: _Facts) -> _Finding:
    needed = n("size_large_min") * WAN / n("quota_min_zone")
    highest = n.ranges["intensity_ordinary"][1]
    return _found(
        "yes" if needed <= n("intensity_large") else "no",
        "一区指标放下一个大项目需要的投资强度"
        " · investment per mu at which a large project fits the quota of a zone",
        ("需要强度 · investment per mu needed", needed, "万元/亩"),
        ("大项目强度 · large projects (default)", n("intensity_large"), "万元/亩"),
        ("一般项目上限 · ordinary projects, at most", highest, "万元/亩"),
    )


def _large_projects(n: _Facts) -> _Finding:
    rate = n("starts_large") * (1 + n("starts_growth")) * n("large_arrivals")
    return _found(
        "yes" if rate >= n("zones_new_20") else "no",
        "一年到达的大项目，即使平均分布 · a year's arrivals of large projects, even if spread evenly",
        ("要求 · asked for", n("zones_new_20"), "个"),
        ("计划下一年到达 · arrivals of a year under the plan", rate, "个"),
    )


def _projects(n: _Facts) -> _Finding:
    return _found(
        "ambiguous",
        "是否包含结转项目，文件没有说明 · whether carried-over projects count is not said",
        ("项目 · projects", n("projects_1e8"), "个"),
        ("集中开工 · joint ground-breakings", n("group_starts"), "个"),
        ("每个项目当年投资 · spending of each in the year", n("fai") / n("projects_1e8"), "亿元"),
    )


def _yield(n: _Facts) -> _Finding:
    mean = (n("fai") + n.base.fai.value) / 2
    needed = (n("revenue") - n.base.revenue.value) / mean
    offered = n("announced_yield") * n("realised_yield")
    return _found(
        "yes" if needed <= offered else "no",
        "与项目达产后的平均水平相比，不计建设与达产的时间"
        " · against what projects bring at full ramp on average, before any delay",
        ("需要 · needed", needed, "倍"),
        ("项目宣布 · announced", n("announced_yield"), "倍"),
        ("实际 · realised", offered, "倍"),
    )


def _time(n: _Facts) -> _Finding:
    approval = n("approval_months") * (1 - n("approval_cut"))
    total = approval + n("duration_base") + n("ramp_months")
    return _found(
        "yes" if total <= n.months else "no",
        "不够时，当年收入主要取决于计划之前已开工的项目"
        " · if it does not fit, the year's revenue rests on what was begun before the plan",
        ("剩余 · left", n.months, "月"),
        ("审批（提速后） · approval, after the cut", approval, "月"),
        ("建设 · building", n("duration_base"), "月"),
        ("达产 · ramp", n("ramp_months"), "月"),
    )


def _platforms(n: _Facts) -> _Finding:
    money = n("platform_financing_min") * n.zones
    land = n("quota_min_zone") * n.zones * n("land_preparation_cost") / WAN
    factories = n("factory_area") * n("factory_cost") / YUAN
    housing = n("housing") * n("housing_unit_area") * n("housing_unit_cost") / YUAN
    size, number = n.tiers("platforms")[0]
    strong = number * size
    other = (n.zones - number) * n("platform_financing_min")
    return _found(
        "yes" if money >= land + factories + housing else "no",
        "一年的平台融资与土地开发、厂房、住房的费用相比"
        " · a year's platform money against what land, factories and housing cost",
        ("每区下限合计 · sum of the minimum", money, "亿元"),
        ("含大平台的合计 · with the large ones", strong + other, "亿元"),
        ("占固定资产投资 · share of investment", money / n("fai"), "比例"),
        ("土地开发 · land preparation", land, "亿元"),
        ("标准厂房 · factories", factories, "亿元"),
        ("公租房 · housing", housing, "亿元"),
    )


def _factories(n: _Facts) -> _Finding:
    land = n("factory_area") / 1000 * n("factory_land")
    promised = n("quota_min_zone") * n.zones
    return _found(
        "yes" if land <= promised else "no",
        "厂房占用的指标，项目就不能再用 · what factories take of the quota, projects cannot have",
        ("厂房用地 · land of factories", land, "亩"),
        ("占承诺指标 · share of the quota", land / promised, "比例"),
        ("工期 · time to build", n("factory_build_months"), "月"),
    )


def _jobs(n: _Facts) -> _Finding:
    cost = n("new_workers") * n("investment_per_job") / WAN
    industrial = n("fai") * n("large_share_fai") * (1 - n("infrastructure_share"))
    skilled = n("new_workers") * n("skilled_share_jobs")
    trained = n("trained") * n("training_completion")
    return _found(
        "no" if cost > industrial or skilled > trained else _half(cost / industrial),
        "投资要建成才有岗位，技能岗位要有人胜任"
        " · investment must be completed before it gives jobs, and skilled jobs need the trained",
        ("岗位所需投资 · investment for the jobs", cost, "亿元"),
        ("亿元以上工业投资 · industrial investment", industrial, "亿元"),
        ("新增技能岗位 · new skilled jobs", skilled, "人"),
        ("培训结业 · trained", trained, "人"),
    )


def _half(share: float) -> Holds:
    """Whether something takes up at most half of what there is."""
    return "yes" if share <= 0.5 else "ambiguous"


def _city_revenue(n: _Facts) -> _Finding:
    total, base = n("revenue") / n("revenue_share"), n.base.revenue.value
    rest = base / n("city_revenue_share_base") - base
    growth = (total - n("revenue")) / rest - 1
    return _found(
        "yes" if growth > 0 else "no",
        "要达到比重，区外收入最多只能这样增长（上年比重为判断）"
        " · for the share, revenue outside may grow by no more (last year's share is judgement)",
        ("全市上限 · city, at most", total, "亿元"),
        ("区外增速上限 · growth outside, at most", growth, "比例"),
    )


def _city_fai(n: _Facts) -> _Finding:
    total, base = n("fai") / n("fai_share"), n.base.fai.value
    rest = base / n("city_fai_share_base") - base
    growth = (total - n("fai")) / rest - 1
    return _found(
        "yes" if growth >= n("city_rest_fai_growth") else "no",
        "要达到比重，区外投资最多只能这样增长（上年比重为判断）"
        " · for the share, investment outside may grow by no more (last year's share is judgement)",
        ("全市上限 · city, at most", total, "亿元"),
        ("区外增速上限 · growth outside, at most", growth, "比例"),
        ("区外预期增速 · growth outside, expected", n("city_rest_fai_growth"), "/年"),
    )


def _outside_capital(n: _Facts) -> _Finding:
    before = n("outside_capital") / (1 + n("outside_capital_growth"))
    added = (n("outside_capital") - before) / (n("fai") - n.base.fai.value)
    return _found(
        "no" if added > 1 else _half(added),
        "新增投资中必须来自市外的部分 · part of the added investment that must come from outside",
        ("上年占比上限 · last year, at most", before / n.base.fai.value, "比例"),
        ("目标占比 · at the target", n("outside_capital") / n("fai"), "比例"),
        ("占新增投资 · of the added investment", added, "比例"),
    )


def _energy(n: _Facts) -> _Finding:
    written, fall = n.written["energy_decline"], n("energy_decline")
    return _found(
        "yes" if written == "%" else "ambiguous",
        "单位产值能耗不是百分比，写成百分点时只能读作百分之几"
        " · an intensity has no percentage points; written so, it is read as per cent",
        (f"文件写作{written}，读作 · written in {english(written)}, read as", fall, "比例"),
    )


CHECKS: tuple[Check, ...] = (
    Check(
        "base_year",
        "隐含的上年基数 · base year implied by the growth rates",
        "revenue fai profit_tax workers",
        "revenue_growth fai_growth profit_tax_growth new_workers",
        _base_year,
    ),
    Check(
        "fai_base",
        "投资基数的另一读法 · another reading of the investment base",
        "fai fai_growth",
        "other_fai_base",
        _other_base,
    ),
    Check(
        "decomposition",
        "收入增长 = 用工增长 × 人均增长 · growth of revenue = workers x revenue per worker",
        "revenue_growth workers",
        "revenue",
        _decomposition,
    ),
    Check(
        "productivity",
        "人均收入的增长能否达到 · whether revenue per worker can grow so fast",
        "revenue_growth workers",
        "revenue productivity_growth",
        _productivity,
    ),
    Check(
        "margin",
        "利税率 · profit and tax over revenue",
        "profit_tax revenue",
        "",
        _margin,
    ),
    Check(
        "zone_tiers",
        "各档集聚区的最低合计 · least total of the zone-size tiers",
        "zones",
        "revenue scope_ratio",
        _zone_tiers,
    ),
    Check(
        "zone_sizes",
        "总目标按合成份额分到各区 · the total shared out by the synthetic shares",
        "zones",
        "revenue scope_ratio",
        _zone_sizes,
    ),
    Check(
        "cluster_sums",
        "集群合计与所在区规模 · clusters against the size of their zones",
        "clusters",
        "revenue scope_ratio named_clusters",
        _clusters,
    ),
    Check(
        "land",
        "集中开工项目需要的土地与承诺的指标 · land of the joint ground-breakings against the quota promised",
        "group_starts quota_min_zone",
        "size_ordinary_alpha size_ordinary_min size_ordinary_max starts_ordinary "
        "size_large_alpha size_large_min size_large_max starts_large intensity_ordinary",
        _land,
    ),
    Check(
        "land_levers",
        "要新地的项目与全部土地手段 · land of those that need new land against all levers on land",
        "group_starts quota_min_zone",
        "size_ordinary_alpha size_ordinary_min size_ordinary_max starts_ordinary "
        "size_large_alpha size_large_min size_large_max starts_large intensity_ordinary "
        "own_site_share quota_per_zone quota_tilt municipal_reserve reused_land",
        _land_levers,
    ),
    Check(
        "large_on_quota",
        "大项目放进一区的指标 · a large project on one zone's quota",
        "zones_with_20 quota_min_zone",
        "size_large_min intensity_ordinary intensity_large",
        _large_on_quota,
    ),
    Check(
        "large_projects",
        "每区一个大项目 · one large project in each zone",
        "zones_with_20 zones_new_20",
        "starts_large starts_growth large_arrivals",
        _large_projects,
    ),
    Check(
        "projects",
        "重点项目与集中开工 · projects under way and joint ground-breakings",
        "projects_1e8 group_starts fai",
        "",
        _projects,
    ),
    Check(
        "incremental_revenue",
        "每元投资的新增收入 · revenue gained per yuan of investment",
        "revenue fai",
        "announced_yield realised_yield",
        _yield,
    ),
    Check(
        "time",
        "剩余月份与项目周期 · months left against the time a project takes",
        "revenue",
        "approval_months approval_cut duration_base ramp_months",
        _time,
    ),
    Check(
        "platforms",
        "平台融资与要办的事 · platform money against what it is for",
        "platform_financing_min platforms fai",
        "quota_min_zone land_preparation_cost factory_area factory_cost housing "
        "housing_unit_area housing_unit_cost",
        _platforms,
    ),
    Check(
        "factories",
        "标准厂房的用地 · land under standard factories",
        "factory_area quota_min_zone",
        "factory_land factory_build_months",
        _factories,
    ),
    Check(
        "jobs",
        "新增用工、投资与培训 · new workers, investment and training",
        "new_workers trained fai",
        "investment_per_job large_share_fai infrastructure_share skilled_share_jobs "
        "training_completion",
        _jobs,
    ),
    Check(
        "city_revenue",
        "全市收入隐含的上限 · the city's revenue by implication",
        "revenue revenue_share",
        "city_revenue_share_base",
        _city_revenue,
    ),
    Check(
        "city_fai",
        "全市投资隐含的上限 · the city's investment by implication",
        "fai fai_share",
        "city_fai_share_base city_rest_fai_growth",
        _city_fai,
    ),
    Check(
        "outside_capital",
        "市外资金占投资 · outside capital in investment",
        "outside_capital fai",
        "outside_capital_growth",
        _outside_capital,
    ),
    Check(
        "energy",
        "能耗下降的单位 · unit of the fall in energy",
        "energy_decline",
        "",
        _energy,
    ),
)
