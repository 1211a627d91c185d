"""The plan's own arithmetic, checked: what its numbers imply, and whether they fit together.

Every check gives its numbers and says whether they hold. "Ambiguous" means that the document can be
read in two ways, or that the numbers fit only under an assumption of the pack.
"""

from collections.abc import Callable
from contextlib import suppress
from math import isclose, log, pow as power
from typing import TYPE_CHECKING, Literal, NamedTuple

from xuchang_sim.units import convert, english

if TYPE_CHECKING:
    from xuchang_sim.pack.load import Pack

__all__ = ["AuditRow", "Figure", "audit"]

Holds = Literal["yes", "no", "ambiguous"]

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
        A loaded pack. Checks whose targets, levers or parameters it lacks are left out.

    Returns
    -------
    list of AuditRow
        One row for each check, in a fixed order.
    """
    facts = _Facts(pack)
    rows: list[AuditRow] = []
    for examine in _CHECKS:
        with suppress(KeyError):
            rows.append(examine(facts))
    return rows


class _Facts:
    """Numbers by name: a target's value, a lever's planned level, a parameter's default."""

    def __init__(self, pack: "Pack") -> None:
        self.base, self.region = pack.base, pack.region
        self.zones = len(pack.region.zones)
        self.months = 12 * (pack.plan_year + 1) - pack.policy_month
        self.targets = {target.id: target for target in pack.plan.targets()}
        self.written = {row.id: row.unit for row in pack.plan.rows if row.unit}
        self.ranges = {name: (x.low, x.high) for name, x in pack.parameters.items() if x.range}
        numbers = {name: x.default for name, x in pack.parameters.items() if x.default is not None}
        numbers |= {name: lever.plan for name, lever in pack.levers.items()}
        self.numbers = numbers | {name: target.value for name, target in self.targets.items()}

    def __call__(self, name: str) -> float:
        """Return the number of this name."""
        return self.numbers[name]

    def tiers(self, prefix: str) -> list[tuple[float, float]]:
        """Threshold in 亿元 and number of the targets such as ``zones_100``, largest first."""
        found = [name for name in self.targets if name.removeprefix(prefix).isdigit()]
        if not found:
            raise KeyError(prefix)
        return sorted(((self.threshold(name), self(name)) for name in found), reverse=True)

    def threshold(self, name: str) -> float:
        """Size from which something counts for a target, in 亿元."""
        size = self.targets[name].threshold
        if size is None:
            raise KeyError(name)
        return convert(size.value, size.unit, "亿元")

    def sizes(self) -> dict[str, float]:
        """Above-scale revenue of each zone at the target, by the central (synthetic) shares."""
        total = self("revenue") * self("scope_ratio")
        return {zone.id: total * zone.revenue_share for zone in self.region.zones}

    def land_need(self) -> tuple[float, float]:
        """Mean size of a project in 亿元, and land of the group starts in 亩."""
        laws = ("size_ordinary", "starts_ordinary"), ("size_large", "starts_large")
        money = starts = 0.0
        for law, number in laws:
            mean = _pareto_mean(self(f"{law}_alpha"), self(f"{law}_min"), self(f"{law}_max"))
            money += self(number) * mean
            starts += self(number)
        mean = money / starts
        return mean, self("group_starts") * mean * 1e4 / self("intensity_ordinary")

    def worker_growth(self) -> tuple[float, float]:
        """Growth factors of workers and of revenue per worker that the targets imply."""
        revenue, workers = self("revenue") / self.base.revenue.value, self("workers")
        factor = workers / self.base.workers.value
        return factor, revenue / factor

    def row(
        self, name: str, of: str, label: str, holds: Holds, finding: str, *figures: _Text
    ) -> AuditRow:
        """Build a row; texts are written ``Chinese · English``, `of` names targets."""
        places = [self.targets[target].paragraph for target in of.split()]
        zh, en = label.split(" · ")
        finding_zh, finding_en = finding.split(" · ")
        paragraph = "、".join(dict.fromkeys(places))
        numbers = []
        for text, value, unit in figures:
            label_zh, label_en = text.split(" · ")
            numbers.append(Figure(label_zh, label_en, value, unit))
        return AuditRow(name, zh, en, paragraph, holds, finding_zh, finding_en, tuple(numbers))


def _base_year(n: _Facts) -> AuditRow:
    revenue = n("revenue") / (1 + n("revenue_growth"))
    fai = n("fai") / (1 + n("fai_growth"))
    profit_tax = n("profit_tax") / (1 + n("profit_tax_growth"))
    workers = n("workers") - n("new_workers")
    implied = (revenue, fai, profit_tax, workers)
    held = (n.base.revenue, n.base.fai, n.base.profit_tax, n.base.workers)
    same = all(isclose(a, b.value) for a, b in zip(implied, held, strict=True))
    return n.row(
        "base_year",
        "revenue fai profit_tax workers",
        "隐含的上年基数 · base year implied by the growth rates",
        "yes" if same else "no",
        "目标除以增长率应等于模型再现的基数"
        " · targets over growth must equal the base that the model reproduces",
        ("主营业务收入 · revenue", revenue, "亿元"),
        ("固定资产投资 · investment", fai, "亿元"),
        ("利税 · profit and tax", profit_tax, "亿元"),
        ("从业人员上限 · workers, at most", workers, "人"),
    )


def _other_base(n: _Facts) -> AuditRow:
    other = n.base.fai.alternative
    if other is None:
        raise KeyError(_other_base)
    growth = n("fai") / other.value - 1
    return n.row(
        "fai_base",
        "fai fai_growth",
        "投资基数的另一读法 · another reading of the investment base",
        "yes" if growth >= n("fai_growth") else "ambiguous",
        "基数不同，达到总量与达到增速就不是一回事"
        " · on another base, reaching the level and reaching the growth part company",
        ("计划隐含 · implied by the plan", n.base.fai.value, "亿元"),
        ("按累计数推算 · from the year to date", other.value, "亿元"),
        ("达到目标所需增速 · growth to the target", growth, "比例"),
    )


def _decomposition(n: _Facts) -> AuditRow:
    workers, each = n.worker_growth()
    return n.row(
        "decomposition",
        "revenue_growth workers",
        "收入增长 = 用工增长 × 人均增长 · growth of revenue = workers x revenue per worker",
        "yes" if isclose(workers * each, 1 + n("revenue_growth")) else "no",
        "三个目标合起来意味着人均收入的增长"
        " · the targets for revenue and workers imply a growth of revenue per worker",
        ("用工 · workers", workers, "倍"),
        ("人均收入 · revenue per worker", each, "倍"),
        ("上年人均 · last year", n.base.revenue.value / n.base.workers.value * 1e4, "万元/人"),
        ("目标人均 · at the target", n("revenue") / n("workers") * 1e4, "万元/人"),
    )


def _productivity(n: _Facts) -> AuditRow:
    needed = n.worker_growth()[1] - 1
    lowest, highest = n.ranges["productivity_growth"]
    return n.row(
        "productivity",
        "revenue_growth workers",
        "人均收入的增长能否达到 · whether revenue per worker can grow so fast",
        "yes" if needed <= highest else "no",
        "与现有企业人均收入增速的范围相比 · against the range of incumbents' growth per worker",
        ("需要 · needed", needed, "/年"),
        ("现有企业，最低 · incumbents, at least", lowest, "/年"),
        ("现有企业，最高 · incumbents, at most", highest, "/年"),
    )


def _margin(n: _Facts) -> AuditRow:
    before, after = n.base.profit_tax.value / n.base.revenue.value, n("profit_tax") / n("revenue")
    return n.row(
        "margin",
        "profit_tax revenue",
        "利税率 · profit and tax over revenue",
        "yes" if isclose(before, after) else "no",
        "目标隐含的利税率与上年相比 · the share implied by the targets, against last year's",
        ("上年 · last year", before, "比例"),
        ("目标 · at the target", after, "比例"),
    )


def _zone_tiers(n: _Facts) -> AuditRow:
    tiers = n.tiers("zones_")
    nested = disjoint = counted = 0.0
    for threshold, number in tiers:
        nested += threshold * max(number - counted, 0)
        counted = max(counted, number)
    inner = sum(number for _, number in tiers[:-1])
    disjoint = sum(threshold * number for threshold, number in tiers[:-1])
    disjoint += tiers[-1][0] * (tiers[-1][1] - inner)
    total = n("revenue") * n("scope_ratio")
    return n.row(
        "zone_tiers",
        "zones_100 zones_500 zones_300",
        "各档集聚区的最低合计 · least total of the zone-size tiers",
        "ambiguous" if disjoint <= total else "no",
        "各档是否互相包含，文件没有说清 · whether the tiers contain each other is not said",
        ("互相包含 · nested", nested, "亿元"),
        ("互不包含 · disjoint", disjoint, "亿元"),
        ("规模以上口径的目标 · target, above scale", total, "亿元"),
    )


def _zone_sizes(n: _Facts) -> AuditRow:
    sizes = sorted(n.sizes().values(), reverse=True)
    found = [(x, number, sum(s > x for s in sizes)) for x, number in n.tiers("zones_")]
    return n.row(
        "zone_sizes",
        "zones_100 zones_500 zones_300",
        "总目标按合成份额分到各区 · the total shared out by the synthetic shares",
        "yes" if all(count >= number for _, number, count in found) else "ambiguous",
        "按中心份额分摊总目标；份额为合成数据"
        " · the target shared out by the central shares, which are synthetic",
        *((f"超 {x:g} 亿元 · above {x / 10:g}bn yuan", count, "区") for x, _, count in found),
        ("最大的区 · the largest zone", sizes[0], "亿元"),
    )


def _clusters(n: _Facts) -> AuditRow:
    asked: dict[str, float] = {}
    for cluster in n.region.clusters:
        asked[cluster.zone] = asked.get(cluster.zone, 0.0) + cluster.threshold
    tightest = max(asked, key=lambda zone: asked[zone] / n.sizes()[zone])
    fits = asked[tightest] <= n.sizes()[tightest]
    return n.row(
        "cluster_sums",
        "clusters_50 clusters_100",
        "集群合计与所在区规模 · clusters against the size of their zones",
        "yes" if fits else "no",
        "各区集群之和应小于该区收入，这里列出最紧的一区"
        " · a zone's clusters must fit its revenue; the tightest zone is shown",
        ("集群合计 · all clusters", sum(asked.values()), "亿元"),
        ("最紧一区的集群 · clusters of the tightest zone", asked[tightest], "亿元"),
        ("该区目标年收入 · its revenue at the target", n.sizes()[tightest], "亿元"),
    )


def _land(n: _Facts) -> AuditRow:
    mean, need = n.land_need()
    promised = n("quota_min_zone") * n.zones
    return n.row(
        "land",
        "group_starts quota_min_zone",
        "集中开工项目需要的土地与承诺的指标 · land of the group starts against the quota promised",
        "yes" if need <= promised else "no",
        "按一般项目的投资强度计算 · at the investment per mu of ordinary projects",
        ("项目平均规模 · mean size", mean, "亿元"),
        ("投资强度 · investment per mu", n("intensity_ordinary"), "万元/亩"),
        ("需要 · needed", need, "亩"),
        ("承诺 · promised", promised, "亩"),
    )


def _land_levers(n: _Facts) -> AuditRow:
    need = n.land_need()[1] * (1 - n("own_site_share"))
    supply = n("quota_per_zone") * (1 + n("quota_tilt")) * n.zones
    supply += n("municipal_reserve") + n("reused_land")
    return n.row(
        "land_levers",
        "group_starts quota_min_zone",
        "要新地的项目与全部土地手段 · land of those that need new land against all levers on land",
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


def _large_on_quota(n: _Facts) -> AuditRow:
    needed = n("size_large_min") * 1e4 / n("quota_min_zone")
    highest = n.ranges["intensity_ordinary"][1]
    return n.row(
        "large_on_quota",
        "zones_with_20 quota_min_zone",
        "大项目放进一区的指标 · a large project on one zone's quota",
        "yes" if needed <= n("intensity_large") else "no",
        "一区指标放下一个大项目需要的投资强度"
        " · investment per mu at which a large project fits the quota of a zone",
        ("需要强度 · investment per mu needed", needed, "万元/亩"),
        ("大项目强度 · large projects (default)", n("intensity_large"), "万元/亩"),
        ("一般项目上限 · ordinary projects, at most", highest, "万元/亩"),
    )


def _large_projects(n: _Facts) -> AuditRow:
    rate = n("starts_large") * (1 + n("starts_growth")) * n("large_arrivals")
    return n.row(
        "large_projects",
        "zones_with_20 zones_new_20",
        "每区一个大项目 · one large project in each zone",
        "yes" if rate >= n("zones_new_20") else "no",
        "一年到达的大项目，即使平均分布 · a year's arrivals of large projects, even if spread evenly",
        ("要求 · asked for", n("zones_new_20"), "个"),
        ("计划下一年到达 · arrivals of a year under the plan", rate, "个"),
    )


def _projects(n: _Facts) -> AuditRow:
    return n.row(
        "projects",
        "projects_1e8 group_starts fai",
        "重点项目与集中开工 · projects under way and group starts",
        "ambiguous",
        "是否包含结转项目，文件没有说明 · whether carried-over projects count is not said",
        ("项目 · projects", n("projects_1e8"), "个"),
        ("集中开工 · group starts", n("group_starts"), "个"),
        ("每个项目当年投资 · spending of each in the year", n("fai") / n("projects_1e8"), "亿元"),
    )


def _yield(n: _Facts) -> AuditRow:
    mean = (n("fai") + n.base.fai.value) / 2
    needed = (n("revenue") - n.base.revenue.value) / mean
    offered = n("announced_yield") * n("realised_yield")
    return n.row(
        "incremental_revenue",
        "revenue fai",
        "每元投资的新增收入 · revenue gained per yuan of investment",
        "yes" if needed <= offered else "no",
        "与项目达产后的平均水平相比，不计建设与达产的时间"
        " · against what projects bring at full ramp on average, before any delay",
        ("需要 · needed", needed, "倍"),
        ("项目宣布 · announced", n("announced_yield"), "倍"),
        ("实际 · realised", offered, "倍"),
    )


def _time(n: _Facts) -> AuditRow:
    approval = n("approval_months") * (1 - n("approval_cut"))
    total = approval + n("duration_base") + n("ramp_months")
    return n.row(
        "time",
        "revenue",
        "剩余月份与项目周期 · months left against the time a project takes",
        "yes" if total <= n.months else "no",
        "不够时，当年收入主要取决于计划之前已开工的项目"
        " · if it does not fit, the year's revenue rests on what was begun before the plan",
        ("剩余 · left", n.months, "月"),
        ("审批（提速后） · approval, after the cut", approval, "月"),
        ("建设 · building", n("duration_base"), "月"),
        ("达产 · ramp", n("ramp_months"), "月"),
    )


def _platforms(n: _Facts) -> AuditRow:
    money = n("platform_financing_min") * n.zones
    land = n("quota_min_zone") * n.zones * n("land_preparation_cost") / 1e4
    factories = n("factory_area") * n("factory_cost") / 1e8
    housing = n("housing") * n("housing_unit_area") * n("housing_unit_cost") / 1e8
    strong = n("platforms_5") * n.threshold("platforms_5")
    other = (n.zones - n("platforms_5")) * n("platform_financing_min")
    return n.row(
        "platforms",
        "platform_financing_min platforms_5 fai",
        "平台融资与要办的事 · platform money against what it is for",
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


def _factories(n: _Facts) -> AuditRow:
    land = n("factory_area") / 1000 * n("factory_land")
    promised = n("quota_min_zone") * n.zones
    return n.row(
        "factories",
        "factory_area quota_min_zone",
        "标准厂房的用地 · land under standard factories",
        "yes" if land <= promised else "no",
        "厂房占用的指标，项目就不能再用 · what factories take of the quota, projects cannot have",
        ("厂房用地 · land of factories", land, "亩"),
        ("占承诺指标 · share of the quota", land / promised, "比例"),
        ("工期 · time to build", n("factory_build_months"), "月"),
    )


def _jobs(n: _Facts) -> AuditRow:
    cost = n("new_workers") * n("investment_per_job") / 1e4
    industrial = n("fai") * n("large_share_fai") * (1 - n("infrastructure_share"))
    skilled = n("new_workers") * n("skilled_share_jobs")
    trained = n("trained") * n("training_completion")
    return n.row(
        "jobs",
        "new_workers trained fai",
        "新增用工、投资与培训 · new workers, investment and training",
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


def _city_revenue(n: _Facts) -> AuditRow:
    total, base = n("revenue") / n("revenue_share"), n.base.revenue.value
    rest = base / n("city_revenue_share_base") - base
    growth = (total - n("revenue")) / rest - 1
    return n.row(
        "city_revenue",
        "revenue revenue_share",
        "全市收入隐含的上限 · the city's revenue by implication",
        "yes" if growth > 0 else "no",
        "要达到比重，区外收入最多只能这样增长（上年比重为判断）"
        " · for the share, revenue outside may grow by no more (last year's share is judgement)",
        ("全市上限 · city, at most", total, "亿元"),
        ("区外增速上限 · growth outside, at most", growth, "比例"),
    )


def _city_fai(n: _Facts) -> AuditRow:
    total, base = n("fai") / n("fai_share"), n.base.fai.value
    rest = base / n("city_fai_share_base") - base
    growth = (total - n("fai")) / rest - 1
    return n.row(
        "city_fai",
        "fai fai_share",
        "全市投资隐含的上限 · the city's investment by implication",
        "yes" if growth >= n("city_rest_fai_growth") else "no",
        "要达到比重，区外投资最多只能这样增长（上年比重为判断）"
        " · for the share, investment outside may grow by no more (last year's share is judgement)",
        ("全市上限 · city, at most", total, "亿元"),
        ("区外增速上限 · growth outside, at most", growth, "比例"),
        ("区外预期增速 · growth outside, expected", n("city_rest_fai_growth"), "/年"),
    )


def _outside_capital(n: _Facts) -> AuditRow:
    before = n("outside_capital") / (1 + n("outside_capital_growth"))
    added = (n("outside_capital") - before) / (n("fai") - n.base.fai.value)
    return n.row(
        "outside_capital",
        "outside_capital fai",
        "市外资金占投资 · outside capital in investment",
        "no" if added > 1 else _half(added),
        "新增投资中必须来自市外的部分 · part of the added investment that must come from outside",
        ("上年占比上限 · last year, at most", before / n.base.fai.value, "比例"),
        ("目标占比 · at the target", n("outside_capital") / n("fai"), "比例"),
        ("占新增投资 · of the added investment", added, "比例"),
    )


def _energy(n: _Facts) -> AuditRow:
    written, fall = n.written["energy_decline"], n("energy_decline")
    return n.row(
        "energy",
        "energy_decline",
        "能耗下降的单位 · unit of the fall in energy",
        "yes" if written == "%" else "ambiguous",
        "单位产值能耗不是百分比，写成百分点时只能读作百分之几"
        " · an intensity has no percentage points; written so, it is read as per cent",
        (f"文件写作{written}，读作 · written in {english(written)}, read as", fall, "比例"),
    )


_CHECKS: tuple[Callable[[_Facts], AuditRow], ...] = (
    _base_year, _other_base, _decomposition, _productivity, _margin, _zone_tiers, _zone_sizes,
    _clusters, _land, _land_levers, _large_on_quota, _large_projects, _projects, _yield, _time,
    _platforms, _factories, _jobs, _city_revenue, _city_fai, _outside_capital, _energy,
)  # fmt: skip
