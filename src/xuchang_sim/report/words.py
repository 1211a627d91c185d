"""The catalogue of words: every phrase a reader sees, in Chinese and in English."""

from __future__ import annotations

from typing import Any, Literal

Language = Literal["zh", "en"]

#: Key to (Chinese, English). Placeholders must be the same in both.
CATALOGUE: dict[str, tuple[str, str]] = {
    "explore.replicates": ("{replicates} 次模拟，种子 {seed}", "{replicates} futures, seed {seed}"),
    "explore.factor": ("因素", "factor"),
    "explore.outcome": ("结果", "outcome"),
    "explore.interval": ("95% 区间", "95% interval"),
    "compare.title": (
        "{b} 减 {a}：{replicates} 次配对模拟，种子 {seed}",
        "{b} less {a}: {replicates} paired futures, seed {seed}",
    ),
    "compare.measure": ("指标", "measure"),
    "outcome.revenue": ("收入，亿元", "revenue, 100m"),
    "outcome.revenue_growth": ("收入比 {base} 年", "revenue on {base}"),
    "outcome.fai": ("投资，亿元", "investment, 100m"),
    "outcome.fai_growth": ("投资比 {base} 年", "invested on {base}"),
    "outcome.profit_tax": ("利税，亿元", "profit+tax, 100m"),
    "outcome.workers": ("从业人员，人", "workers"),
    "outcome.starts_1e8": ("亿元以上项目开工，个", "starts of 100m+"),
    "outcome.run_rate": ("收入，十二月年化去季节，亿元", "December's rate"),
    "outcome.land_used": ("用地，亩", "land used, mu"),
    "compare.year": ("年", "year"),
    "compare.difference": ("差", "difference"),
    "compare.reduction": ("方差缩小倍数", "variance reduction"),
    "compare.needed": ("所需次数（±{width}）", "futures needed (±{width})"),
    "compare.tenth": ("差的一成", "a tenth"),
    "compare.targets": ("达到目标的概率", "probability of the targets"),
    "compare.none": ("各目标的概率没有差别", "no target's probability differs"),
    "compare.shift": (
        (
            "{label}：平均早（负）晚（正）{months} 个月 [{low}，{high}]；两者都达到 {both}，"
            "仅 {a} {only_a}，仅 {b} {only_b}"
        ),
        (
            "{label}: {months} months earlier (negative) or later [{low}, {high}]; reached in both"
            " {both}, only {a} {only_a}, only {b} {only_b}"
        ),
    ),
    "compare.never": ("{label}：没有一次在两者中都达到", "{label}: never reached in both"),
    "explain.title": (
        "什么在制约：{scenario}，{replicates} 次模拟，种子 {seed}",
        "what binds: {scenario}, {replicates} futures, seed {seed}",
    ),
    "explain.shares": (
        "放开各类约束带来多少（沙普利值，各列之和等于全部放开的效果；± 为标准误）",
        "what lifting each family of constraints brings (Shapley; columns sum to all; ± s.e.)",
    ),
    "explain.demand": (
        "土地、资金、用工、审批：不设限；需求：高 {shift} 个标准差；招商：手段范围的尽头",
        "land, finance, labour, process without limit; demand {shift} sd higher; attraction to its ends",
    ),
    "explain.base": ("现状", "as it is"),
    "explain.gap": ("距目标", "gap"),
    "explain.total": ("全部放开", "all lifted"),
    "explain.waterfall": ("增长从哪里来（亿元）", "what growth is made of (100m yuan)"),
    "explain.prices": (
        "多一个单位带来多少（亿元；实测 ± 标准误 / 线性松弛的对偶值）",
        "what one more unit brings (100m yuan; measured ± s.e. / dual of the linear relaxation)",
    ),
    "explain.unit": ("单位", "unit"),
    "explain.cost": ("成本（亿元）", "cost, 100m yuan"),
    "bar.base": ("上年", "year before"),
    "bar.capacity": ("产能不足", "lost to capacity"),
    "bar.labour": ("缺工", "lost to labour"),
    "bar.finance": ("资金晚到", "lost to finance"),
    "bar.bank": ("贷款不足", "lost to bank money"),
    "bar.land": ("土地不足", "lost to land"),
    "bar.stall": ("停工", "lost to stalls"),
    "bar.outcome": ("当年", "this year"),
    "bundle.title": (
        "达到 {goal}（概率 ≥ {p}）的最小组合：以 {base} 为底，{replicates} 次模拟",
        "smallest bundles for {goal} with P ≥ {p}: on top of {base}, {replicates} futures",
    ),
    "bundle.found": (
        "共 {count} 个最小组合（力度 0 缺位，1 计划，2 范围尽头；成本只含有价的手段，亿元/年）",
        "{count} minimal bundles (0 absent, 1 plan, 2 the range's end; cost of priced levers, 100m yuan a year)",
    ),
    "bundle.none": (
        "手段范围内达不到：最好的组合概率 {p}；以概率 {wished} 能达到的最高值：{highest}",
        "not reachable within the levers' ranges: at best P = {p}; reached with P = {wished}: {highest}",
    ),
    "bundle.spent": (
        "{grid} 个组合中实际模拟 {run} 个、共 {runs} 次；其余由单调性推出；违反单调 {violations} 对",
        "{run} of {grid} bundles run, {runs} futures; the rest by monotonicity; {violations} violations",
    ),
    "bundle.accepted": (
        "接受的条件：概率的 90% 下限达到 {p}",
        "accepted if the lower 90% bound of P reaches {p}",
    ),
    "bundle.robust": (
        "接受的条件：概率的 90% 下限达到 {p}，且 {draws} 组参数各自概率的下四分位数的 90% 下限达到 {robust}",
        "accepted if the lower 90% bounds of P and of its lower quartile over {draws} parameter draws reach {p} and {robust}",
    ),
    "bundle.cost": ("成本", "cost"),
    "bundle.p": ("概率 [95%]", "P [95%]"),
    "bundle.bound": ("90% 下限", "90% bound"),
    "bundle.quartile": ("下四分位", "quartile"),
    "bundle.more": ("……另有 {count} 个", "... and {count} more"),
    "frontier.title": (
        "以概率 {p} 能达到的最高增长 [95%]：{replicates} 次模拟，种子 {seed}",
        "growth reached with probability {p} [95%]: {replicates} futures, seed {seed}",
    ),
    "frontier.scenario": ("情景", "scenario"),
    "frontier.map": (
        "{rows}（行）× {columns}（列）的力度：{outcome}",
        "strength of {rows} (rows) x {columns} (columns): {outcome}",
    ),
    "sensitivity.title": (
        "敏感性（{method}）：{scenario}，{points} 个点 × {replicates} 次，设计 {design}",
        "sensitivity ({method}): {scenario}, {points} points x {replicates}, design {design}",
    ),
    "sensitivity.note": (
        "各因素视为独立；参数按先验、手段与需求按范围移动",
        "factors taken as independent; parameters over their priors, levers and demand over ranges",
    ),
    "sensitivity.constant": ("不随任何因素变化", "does not vary with any factor"),
    "sensitivity.mu": ("平均效应", "mean effect"),
    "sensitivity.mu_star": ("平均大小 [95%]", "mean size [95%]"),
    "sensitivity.sigma": ("离散", "spread"),
    "sensitivity.first": ("一阶 [95%]", "first order [95%]"),
    "sensitivity.total": ("总效应 [95%]", "total [95%]"),
    "discover.title": (
        "{scenario} 下未达到 {goal}：{missed} 的模拟（{replicates} 次，种子 {seed}）",
        "{goal} missed under {scenario}: {missed} of {replicates} futures (seed {seed})",
    ),
    "discover.box": (
        "区域 {number}：其中 {density} 未达到，含全部未达到的 {coverage}，占空间 {mass}",
        "box {number}: {density} of it miss, {coverage} of all misses, {mass} of the space",
    ),
    "discover.none": (
        "没有哪个区域突出：未达到的情形到处都有",
        "no region stands out: misses are everywhere",
    ),
    "discover.limit": ("{factor} {sign} {value}（p = {p}）", "{factor} {sign} {value} (p = {p})"),
    "robust.title": (
        "稳健性：{draws} 组参数；最大、平均后悔（与最好的情景相比）；信息差距 α",
        "robustness over {draws} parameter draws; regret behind the best scenario; info-gap alpha",
    ),
    "robust.domain": ("P ≥ ½ 的参数空间", "space with P ≥ ½"),
    "robust.max": ("最大后悔", "largest regret"),
    "robust.mean": ("平均后悔", "mean regret"),
    "robust.alpha": ("α", "α"),
    "factor.demand_shift": ("需求（标准差）", "demand (sd)"),
    "factor.demand_growth": ("需求增长", "growth of demand"),
    "sweep.estimate": (
        "{points} 个点，{rows} 次模拟，约 {seconds} 秒，约 {size} MB",
        "{points} points, {rows} runs, about {seconds} s and {size} MB",
    ),
    "sweep.done": (
        "{sweep}：{points} 个点，{rows} 次模拟，在 {out}；失败 {failed} 次",
        "{sweep}: {points} points, {rows} runs, in {out}; {failed} failed",
    ),
    "sweep.digest": ("内容摘要 {digest}", "digest of the rows {digest}"),
    "sweep.failure": (
        "第 {row} 行（点 {point}，情景 {scenario}，参数 {draw}，重复 {replicate}，种子 {seed}）：{error}",
        (
            "row {row} (point {point}, scenario {scenario}, draw {draw}, replicate {replicate},"
            " seed {seed}): {error}"
        ),
    ),
    "assess.title": (
        "{title}：{replicates} 次模拟，种子 {seed}，至 {through}，信息截至 {date}",
        (
            "{title}: {replicates} simulated futures, seed {seed}, through {through},"
            " as known on {date}"
        ),
    ),
    "column.row": ("条", "row"),
    "column.paragraph": ("出处", "paragraph"),
    "column.target": ("目标", "target"),
    "column.value": ("目标值", "value"),
    "column.p": ("达到的概率 [95%]", "P(met) [95%]"),
    "column.verdict": ("判断", "verdict"),
    "column.median": ("中位数（5%—95%）", "median (5-95%)"),
    "column.shortfall": ("平均缺口", "mean shortfall"),
    "group.headline": ("主要目标", "headline targets"),
    "group.other": ("其他目标", "further targets"),
    "verdict.likely": ("可能", "likely"),
    "verdict.even": ("各半", "even"),
    "verdict.unlikely": ("不大可能", "unlikely"),
    "direction.at_least": ("≥", "≥"),
    "direction.above": (">", ">"),
    "direction.at_most": ("≤", "≤"),
    "direction.below": ("<", "<"),
    "note.assumption": (
        "† 由执行力度的假定决定，模型没有使其落空的机制",
        "† decided by an assumption on execution; no mechanism of the model makes it fail",
    ),
    "note.synthetic": (
        "分区数字为合成数据：文件与统计中没有完整的分区表",
        "figures by zone are synthetic: no complete table by zone exists",
    ),
    "note.interval": (
        "概率后的区间只反映模拟次数有限（威尔逊区间）；参数的不确定已含在结果的分布里",
        (
            "the interval after a probability is Monte Carlo error only (Wilson); uncertainty of"
            " parameters is inside the spread of outcomes"
        ),
    ),
    "joint": (
        "收入增长与投资增长同时达到：{p} [{low}—{high}]",
        "growth of revenue and of investment together: {p} [{low}-{high}]",
    ),
    "growth": (
        "收入增长：上报口径中位数 {reported}，同企业加新产能口径 {real}（两者之差是统计范围的变动）",
        (
            "growth of revenue: reported {reported}, same firms and new capacity {real} (medians; the"
            " difference is change of scope)"
        ),
    ),
    "extras": (
        "投资中不形成产能的规划项目（标准厂房、公租房、平台超出基年部分）：{value} 亿元",
        (
            "investment of the plan that buys no output (factories, housing, platforms beyond the base"
            " year): {value} x 100m yuan"
        ),
    ),
    "largest": (
        "去掉最大的一个项目后投资达标的概率：{p}",
        "P(investment level) without the largest single project: {p}",
    ),
    "outside": (
        "外部视角（只看历史与同类地区，不看计划）：{label} ≥ {goal} 的概率 {p}，中位数 {median}（5%—95%：{low}—{high}）",
        (
            "outside view (history and like regions, no plan): {label} of at least {goal} has"
            " P = {p}; median {median} (5-95%: {low} to {high})"
        ),
    ),
    "section.settled": ("计划出台前一个月末已成定局的部分", "settled on the eve of the plan"),
    "settled": (
        "{label} {year} 年：方差的 {variance} 已定（误差 {error}），水平的 {level} 不靠此后开工的项目",
        (
            "{label} {year}: {variance} of the variance is settled (standard error {error}), {level} of"
            " the level needs no later start"
        ),
    ),
    "section.moved": (
        "手段的作用（与全部手段缺位相比）",
        "what the levers did (against all absent)",
    ),
    "moved": (
        (
            "{label}：当年 {first} 亿元（误差 {first_se}），下一年 {second} 亿元（误差 {second_se}）；"
            "其中提前 {moved}，新增 {added}"
        ),
        (
            "{label}, 100m yuan: {first} this year (s.e. {first_se}), {second} next year (s.e. {second_se});"
            " moved forward {moved}, added {added}"
        ),
    ),
    "section.attainment": (
        "首次达到目标水平的月份（近十二个月累计；从业人员为月末数）",
        "month in which a level is first reached (trailing twelve months; workers at month's end)",
    ),
    "attainment": (
        "{label}：四分之一 {q25}，一半 {q50}，四分之三 {q75}；至 {last} 仍未达到 {never}",
        "{label}: a quarter {q25}, half {q50}, three quarters {q75}; not by {last}: {never}",
    ),
    "attainment.followed": (
        "{year} 年以后：前 {followed} 次模拟，按年末离目标的远近推及全部",
        "after {year}: the first {followed} futures, each for all that end the year as near to the level",
    ),
    "by": ("{month}", "by {month}"),
    "outlook.title": (
        "经济展望：截至 {date} 已公布的数据，{replicates} 条路径，种子 {seed}",
        "economic outlook: as published by {date}, {replicates} paths, seed {seed}",
    ),
    "outlook.driver": ("同比增速", "growth on the year before"),
    "outlook.known": ("已知至", "known to"),
    "outlook.month": ("月份", "month"),
    "outlook.median": ("中位数", "median"),
    "outlook.range": ("5%—95%", "5-95%"),
    "outlook.demand": (
        "增加值加出厂价 {first} 至 {last} 均值：中位数 {median}（5%—95%：{low}—{high}）；实测标准差 {sd} 个百分点，{origins} 个起点",
        (
            "value added + PPI, mean of {first} to {last}: median {median} (5-95%: {low} to"
            " {high}); measured sd {sd} points over {origins} origins"
        ),
    ),
    "outlook.weights": (
        "年均值模型的权重：{weights}",
        "weights of the models of the yearly mean: {weights}",
    ),
    "outlook.coverage": (
        "区间名义覆盖 {nominal}：实测 {measured}（{origins} 个起点）",
        "nominal coverage {nominal}: measured {measured} ({origins} origins)",
    ),
    "outlook.unmeasured": ("未能测量", "cannot be measured"),
    "outlook.series": ("{name}：第 {horizon} 步为止的预测", "{name}: forecast to step {horizon}"),
    "outlook.backtest": (
        "滚动起点回测：组合预测（50、80、95% 区间的实测覆盖；CRPS；对带漂移随机游走的技巧；CRPS 对事后最好的单一模型之比）",
        (
            "rolling-origin backtest of the combined forecast (measured coverage of 50, 80 and 95% intervals; CRPS;"
            " skill over a random walk with drift; CRPS over that of the best single model, picked with hindsight)"
        ),
    ),
    "outlook.ahead": (
        "下一步与最后一步的预测（以回测校准：中位数与80%区间，单位同数据）",
        "next and last step ahead, calibrated by the backtest (median and 80% interval, units of the data)",
    ),
    "backtest.series": ("序列", "series"),
    "backtest.origins": ("起点", "origins"),
    "backtest.values": ("个数", "values"),
    "backtest.CRPS": ("CRPS", "CRPS"),
    "backtest.skill": ("技巧", "skill"),
    "backtest.ratio": ("对最好", "over best"),
    "backtest.best": ("最好的单一模型", "best single model"),
    "backtest.all": ("所有序列", "all series"),
    "backtest.each": ("各序列各自最好的", "each series' own best"),
    "backtest.kept": (
        "若所有序列都用同一个模型 {model}（{series} 个序列）：组合预测的 CRPS 为其 {ratio} 倍",
        "against one model kept for all series, {model} ({series} series): the combined CRPS is {ratio} of its",
    ),
    "rate.revenue_growth": ("园区收入增长", "growth of the zones' revenue"),
    "rate.fai_growth": ("园区投资增长", "growth of the zones' investment"),
    "never": ("未达到", "not within the run"),
    "section.why": ("什么在卡（{year} 年，均值）", "what binds ({year}, means)"),
    "why.output": (
        "收入离目标路径差 {shortfall} 亿元：产能 {capacity}，用工 {labour}，资金迟到 {finance}，需求 {demand}",
        (
            "revenue short of its path, 100m yuan, by {shortfall}: capacity {capacity}, labour {labour}, late"
            " finance {finance}, demand {demand}"
        ),
    ),
    "why.waiting": (
        (
            "等待的投资（亿元·月）：审批 {approval}，土地 {land}，集中开工月 {group_month}，自有资金"
            " {own_money}，银行 {bank}"
        ),
        (
            "waiting investment (100m yuan x months): approval {approval}, land {land}, group month"
            " {group_month}, own money {own_money}, bank {bank}"
        ),
    ),
    "conditioned": (
        "每次模拟都精确复现基年总量；项目库平均试 {tries} 次，存量企业标度 {scale}（{low}—{high}）",
        (
            "every replicate reproduces the base year exactly; {tries} tries of the pipeline on average,"
            " scale of initial firms {scale} ({low}-{high})"
        ),
    ),
    "failed": ("{count} 次模拟失败，未计入", "{count} replicates failed and are left out"),
    "matrix.title": (
        "{title}：每格 {replicates} 次模拟（共用随机数），种子 {seed}",
        "{title}: {replicates} replicates a cell on common random numbers, seed {seed}",
    ),
    "matrix.earlier": (
        "同样的手段提前一年：只看各格之差",
        "the same levers a year earlier: read only the differences between cells",
    ),
    "axis.land": ("土地", "land"),
    "axis.finance": ("资金", "finance"),
    "axis.labour": ("用工", "labour"),
    "axis.process": ("审批", "process"),
    "axis.attraction": ("招商", "attraction"),
    "axis.works": ("配套", "works"),
    "level.absent": ("缺位", "absent"),
    "level.low": ("低", "low"),
    "level.plan": ("计划", "plan"),
    "level.high": ("高", "high"),
    "matrix.p_revenue": ("P 收入增长", "P revenue"),
    "matrix.p_fai": ("P 投资增长", "P FAI"),
    "matrix.p_joint": ("P 两者", "P both"),
    "matrix.p_workers": ("P 用工", "P workers"),
    "matrix.fai": ("投资 亿元", "FAI 100m yuan"),
    "matrix.starts_1e8": ("亿元开工", "starts"),
    "matrix.workers": ("从业 万人", "workers, 10,000"),
    "matrix.revenue_next": ("下年收入", "revenue next"),
    "matrix.run_rate": ("12月年化", "run rate"),
    "matrix.settled": (
        "{year} 年收入方差的 {share} 在计划出台前夕已成定局；各格收入最多差 {gap} 亿元（误差 {se}）",
        (
            "{share} of the variance of {year} revenue is settled on the eve of the plan; the largest"
            " difference between cells is {gap} x 100m yuan (s.e. {se})"
        ),
    ),
    "matrix.followed": (
        "下年收入：前 {followed} 次模拟走到下一年，按本年收入回归推及全部",
        "revenue next: the first {followed} futures run through the next year, carried to all by their revenue of this year",
    ),
    "matrix.constant": ("各格相同：{names}", "the same in every cell: {names}"),
    "figure.no_font": (
        "本机没有中文字体，图中文字用英文；安装方法见 README（Debian：fonts-noto-cjk）",
        "no Chinese font found, figures are labelled in English (Debian: install fonts-noto-cjk)",
    ),
    "figure.fan": ("{label}：本年累计", "{label}: cumulated in the year"),
    "figure.fan_unit": ("本年累计（{unit}）", "year to date ({unit})"),
    "figure.band": ("{inner}%、{outer}% 区间", "{inner}% and {outer}% of futures"),
    "figure.median": ("中位数", "median"),
    "figure.path": ("目标路径", "target path"),
    "figure.goal": ("目标 {value}", "target {value}"),
    "figure.base": ("基年总量（精确复现）", "base-year total (reproduced)"),
    "figure.known": ("已公布", "published"),
    "figure.history": ("历史", "history"),
    "figure.policy": ("计划出台", "plan begins"),
    "figure.probability": (
        "达到的概率（线段：95% 区间）",
        "probability of being met (line: 95% interval)",
    ),
    "figure.probabilities": ("各项目标达到的概率", "How likely each target is"),
    "figure.heat": (
        "{measure}：土地、资金、用工各三档",
        "{measure}: land, finance and labour at three levels",
    ),
    "figure.tornado": ("对{label}的影响", "Effect on {label}"),
    "figure.tornado_unit": ("{label}（{unit}）", "{label} ({unit})"),
    "figure.low_high": ("参数取低值、取高值", "parameter low, parameter high"),
    "figure.low": ("取低值", "low"),
    "figure.high": ("取高值", "high"),
    "figure.waterfall": ("从 {first} 到 {last}", "From {first} to {last}"),
    "figure.rise": ("增加", "rise"),
    "figure.fall": ("减少", "fall"),
    "figure.total": ("合计", "total"),
    "figure.ribbon": (
        "各区各月最大的卡点（{kind}）",
        "What bound most, by zone and month ({kind})",
    ),
    "figure.causes": ("各月卡点（{kind}）", "What bound, by month ({kind})"),
    "figure.kind.output": ("收入缺口", "shortfall of revenue"),
    "figure.kind.waiting": ("等待的投资", "waiting investment"),
    "figure.unit.output": ("亿元/月", "100m yuan a month"),
    "figure.unit.waiting": ("亿元", "100m yuan"),
    "figure.month": ("月份", "month"),
    "figure.gantt": (
        "一次模拟中最大的项目（第 {replicate} 次；亿元）",
        "Largest projects of one simulated future (number {replicate}; 100m yuan)",
    ),
    "figure.gantt_label": ("{zone} {sector} {budget}", "{zone}, {sector}, {budget}"),
    "figure.stage.approval": ("审批", "approval"),
    "figure.stage.land": ("等土地", "waits for land"),
    "figure.stage.closing": ("等资金或集中开工", "waits for money or group start"),
    "figure.stage.building": ("建设", "construction"),
    "figure.end.done": ("投产", "completed"),
    "figure.end.lost": ("退出", "dropped or abandoned"),
    "figure.kind.infrastructure": ("基础设施", "infrastructure"),
    "figure.kind.logistics": ("物流", "logistics"),
    "figure.zones": ("各区{label}（合成数据）", "{label} by zone (synthetic)"),
    "figure.year": ("年份", "year"),
    "figure.frontier": ("{label}：达到 {goal} 的前沿", "{label}: frontier of {goal}"),
    "figure.frontier_p": ("概率", "probability"),
    "figure.outlook": ("{label}：历史与展望", "{label}: history and outlook"),
    "figure.percent_a_year": ("同比（%）", "% a year"),
    "figure.attainment": (
        "在各月之前达到目标水平的概率（近十二个月累计）",
        "Probability that a level was reached by a month (trailing twelve months)",
    ),
    "figure.compare": ("各情景达到目标的概率", "Probability of the targets by scenario"),
    "figure.ink": ("图 {number}", "Figure {number}"),
    "cause.demand": ("需求", "demand"),
    "cause.capacity": ("产能", "capacity"),
    "cause.labour": ("用工", "labour"),
    "cause.finance": ("资金迟到", "late finance"),
    "cause.approval": ("审批", "approval"),
    "cause.land": ("土地", "land"),
    "cause.group_month": ("等集中开工", "group month"),
    "cause.own_money": ("自有资金", "own money"),
    "cause.bank": ("银行贷款", "bank loans"),
    "cause.none": ("无", "none"),
    "driver.value_added_yoy": ("工业增加值", "industrial value added"),
    "driver.ppi_yoy": ("工业品出厂价格", "producer prices"),
    "driver.fai_yoy": ("全国固定资产投资", "national fixed-asset investment"),
    "driver.m2_yoy": ("广义货币", "money M2"),
    "chance.never": ("几乎不可能", "virtually impossible"),
    "chance.hardly": ("很不可能", "very unlikely"),
    "chance.unlikely": ("不大可能", "unlikely"),
    "chance.even": ("可能性各半", "about even"),
    "chance.likely": ("比较可能", "likely"),
    "chance.very": ("很可能", "very likely"),
    "chance.sure": ("几乎肯定", "virtually certain"),
    "list.and": ("和", " and "),
    "list.comma": ("，", ", "),
    "list.semicolon": ("；", "; "),
    "measure.revenue": ("主营业务收入", "main-business revenue"),
    "measure.fai": ("固定资产投资", "fixed-asset investment"),
    "answer.joint": (
        "{title}，{labels}同时达到目标{chance}：概率 {p}（{all} 次模拟中 {count} 次）。",
        "{title}: reaching the targets of {labels} together is {chance}: probability {p} ({count} of {all} simulated futures).",
    ),
    "answer.headlines": ("逐项看：{each}。", "One by one: {each}."),
    "answer.each": (
        "{label}（目标 {value}）{chance}，概率 {p}，中位数 {median}",
        "{label} (target {value}) {chance}, probability {p}, median {median}",
    ),
    "answer.settled": (
        "计划出台前夕，{year} 年结果的方差已有很大部分成定局（{settled}）；全部手段合计使当年{moved}；等待中的投资 {share} 卡在{cause}。",
        "On the eve of the plan much of the variance of {year} was settled ({settled}); all levers together move {moved} in the year; {share} of the investment that waits, waits for {cause}.",
    ),
    "answer.settled_part": ("{label} {share}", "{label} {share}"),
    "answer.moved": ("{label}增加 {value} 亿元", "{label} by {value} (100m yuan)"),
    "report.title": ("{title}：目标能否达到", "{title}: can its targets be reached?"),
    "report.language": ("中文", "English"),
    "report.facts": (
        "文件 {number}；信息截至 {date}；情景：{scenario}；{replicates} 次模拟，种子 {seed}，至 {through}",
        "document {number}; as known on {date}; scenario: {scenario}; {replicates} simulated futures, seed {seed}, through {through}",
    ),
    "report.median": ("中位数", "median"),
    "report.absent": ("全部手段缺位", "all levers absent"),
    "report.section.targets": ("各项目标", "The targets"),
    "report.section.time": ("走到哪里、何时达到", "Where it goes, and when a level is reached"),
    "report.section.settled": (
        "什么已成定局，什么还能改变",
        "What was settled, what could still be moved",
    ),
    "report.section.binds": ("什么在卡", "What binds"),
    "report.section.add": ("应当增加什么", "What to add"),
    "report.section.compare": ("情景比较", "Scenarios compared"),
    "report.section.outlook": (
        "经济展望与实测覆盖率",
        "Economic outlook and its measured coverage",
    ),
    "report.section.zones": ("分区与项目", "Zones and projects"),
    "report.section.synthetic": (
        "哪些是合成的、判断的、假定的",
        "What is synthetic, judged or assumed",
    ),
    "report.section.manifest": ("运行记录", "Manifest"),
    "report.moved.this_year": ("当年（亿元）", "this year (100m yuan)"),
    "report.moved.error": ("标准误", "s.e."),
    "report.moved.next_year": ("下一年（亿元）", "next year (100m yuan)"),
    "report.moved.moved": ("其中提前", "moved forward"),
    "report.moved.added": ("其中新增", "added"),
    "report.binds_waiting": ("等待的投资（亿元·月）", "Investment that waits (100m yuan x months)"),
    "report.binds_output": (
        "收入离目标路径的差（亿元）",
        "Revenue short of its target path (100m yuan)",
    ),
    "report.total": ("合计", "total"),
    "report.shortfall": ("缺口", "shortfall"),
    "report.by_zone": (
        "计划年各区等待的投资（亿元·月）",
        "Investment that waited in the plan year by zone (100m yuan x months)",
    ),
    "report.zone": ("集聚区", "zone"),
    "report.cause": ("最大卡点", "largest cause"),
    "report.no_additions": (
        "本报告没有搜索最小的增加方案（--add 目标）；下面各图给出土地、资金、用工交叉的结果。",
        "No search for the smallest addition was part of this report (--add TARGET); the maps below cross land, finance and labour.",
    ),
    "report.compare_note": (
        "每格：达到的概率（中位数）。各情景共用随机数，差别只来自手段。",
        "Each cell: probability (median). Scenarios share all random numbers; only what the levers do differs.",
    ),
    "report.demand": (
        "{first} 至 {last} 全国需求（工业增加值加出厂价格）年增长：中位数 {median}，90% 区间 {low} 至 {high}；宽度用滚动起点的实测误差标定（标准差 {sd} 个百分点，{origins} 个起点）。下表比较名义区间与实测覆盖率。",
        "National demand (value added plus producer prices), {first} to {last}: median growth {median} a year, 90% interval {low} to {high}; the width is the error measured at rolling origins (sd {sd} points, {origins} origins). The table compares nominal intervals with what they held.",
    ),
    "report.nominal": ("名义区间", "nominal"),
    "report.measured": ("实测覆盖率", "measured coverage"),
    "report.origins": ("起点数", "origins"),
    "report.synthetic_zones": ("分区数字是合成的。{note}", "Figures by zone are synthetic. {note}"),
    "report.synthetic_parameters": (
        "模型参数 {count} 个：{parts}；每次模拟各抽取一组。",
        "{count} model parameters: {parts}; every simulated future draws its own set.",
    ),
    "report.synthetic_assumed": (
        "{count} 项目标只由执行力度的假定决定（†）：{labels}。",
        "{count} targets are decided by an assumption on execution alone (†): {labels}.",
    ),
    "report.synthetic_base": (
        "每次模拟精确复现 {year} 年总量；单个企业和项目是虚构的。",
        "Every simulated future reproduces the totals of {year}; single firms and projects are invented.",
    ),
    "report.mark": ("{label} {count}", "{count} {label}"),
    "mark.R": ("读自资料", "read in a source"),
    "mark.D": ("由资料推算", "derived from sources"),
    "mark.S": ("标准或官方事实", "standards"),
    "mark.U": ("未核实", "unverified"),
    "mark.J": ("判断", "judgement"),
    "report.figure.probabilities": (
        "各项目标达到的概率；空心条由假定决定",
        "Probability of every target; hollow bars are decided by an assumption",
    ),
    "report.figure.fan": (
        "{label}：本年累计与目标路径",
        "{label}: year to date against the target path",
    ),
    "report.figure.attainment": (
        "各月之前达到目标水平的概率",
        "Probability that a level was reached by a month",
    ),
    "report.figure.causes_waiting": (
        "各月等待的投资，按原因",
        "Investment that waits, by month and cause",
    ),
    "report.figure.causes_output": (
        "各月收入缺口，按原因（线下为超出部分）",
        "Shortfall of revenue by month and cause (below the line: more than asked for)",
    ),
    "report.figure.ribbon": (
        "各区各月最大的卡点（合成分区）",
        "Largest cause by zone and month (synthetic zones)",
    ),
    "report.figure.outlook": ("{label}：历史与抽样路径", "{label}: history and sampled paths"),
    "report.figure.zones": ("各区上报收入（合成数据）", "Reported revenue by zone (synthetic)"),
    "report.figure.gantt": (
        "一次模拟中最大的项目，单个项目是虚构的",
        "Largest projects of one simulated future; single projects are invented",
    ),
    "report.figure.heat": (
        "{measure}：土地、资金、用工各三档",
        "{measure}: land, finance and labour at three levels",
    ),
    "report.figure.compare": (
        "各情景达到主要目标的概率",
        "Probability of the headline targets by scenario",
    ),
    "sheet.answer": ("结论", "answer"),
    "sheet.targets": ("目标", "targets"),
    "sheet.scenarios": ("情景", "scenarios"),
    "sheet.binds": ("卡点", "what binds"),
    "sheet.matrix": ("土地资金用工", "matrix"),
    "sheet.manifest": ("运行记录", "manifest"),
    "report.quote": ("原文", "quote"),
    "report.id": ("代码", "id"),
    "report.direction": ("方向", "sign"),
    "report.unit": ("单位", "unit"),
    "report.p": ("概率", "P"),
    "report.p_low": ("下限", "P low"),
    "report.p_high": ("上限", "P high"),
    "report.q05": ("5%", "5%"),
    "report.q95": ("95%", "95%"),
    "report.basis": ("依据", "basis"),
    "basis.model": ("模型", "model"),
    "basis.assumption": ("假定", "assumption"),
    "report.scenario": ("情景", "scenario"),
    "report.kind": ("类别", "kind"),
    "report.every_cause": ("原因", "cause"),
    "axis.demand": ("需求", "demand"),
    "bar.existing": ("现有企业", "existing firms"),
    "bar.projects": ("新项目", "new projects"),
    "bar.scope": ("统计范围", "change of scope"),
    "bar.carried": ("结转项目", "carried over"),
    "bar.started": ("新开工", "started"),
    "bar.small": ("小项目", "small projects"),
    "bar.extras": ("不成产能的规划项目", "extras of the plan"),
    "lost.capacity": ("产能不足", "lost to capacity"),
    "lost.labour": ("缺工", "lost to labour"),
    "lost.finance": ("资金迟到", "lost to late finance"),
    "lost.bank": ("银行未放款", "lost to banks"),
    "lost.land": ("缺地", "lost to land"),
    "lost.stall": ("停工", "lost to stalls"),
    "report.figure.waterfall": (
        "{label}从基年到计划年：来源与损失（误差线为两个标准误）",
        "{label} from the base year to the plan year: gains and losses (bars: two standard errors)",
    ),
    "report.figure.frontier": (
        "{label}：以 {p} 的概率能达到的值；0 缺位，1 按计划，2 到上限",
        "{label} reached with probability {p}; 0 absent, 1 plan, 2 end of the range",
    ),
    "report.strength": ("{family}力度", "strength of {family}"),
    "report.shares": (
        "放开各类约束能使达标概率提高多少",
        "What lifting each family of constraints adds to the probability",
    ),
    "report.shares_note": (
        "沙普利值：所有放开组合的平均贡献，各项之和等于全部放开；± 为 95%。",
        "Shapley values: the mean contribution over all combinations; they sum to lifting everything; ± is 95%.",
    ),
    "report.family": ("约束", "constraint"),
    "report.as_is": ("现状", "as it is"),
    "report.everything": ("全部放开", "everything lifted"),
    "report.prices": ("每增加一个单位带来多少", "What one more unit brings"),
    "report.one_more": ("手段 + 单位", "lever + unit"),
    "report.cost": ("成本（亿元/年）", "cost (100m yuan a year)"),
    "report.gain": ("{year} 年{label}（亿元）", "{label} {year} (100m yuan)"),
    "report.flat": (
        "{label}：无论{rows}、{columns}力度如何，以 {p} 的概率能达到的都在 {low} 至 {high} 之间（目标 {goal}）。",
        "{label}: whatever the strength of {rows} and {columns}, what is reached with probability {p} lies between {low} and {high} (target {goal}).",
    ),
    "report.bundles": ("最小的增加方案", "Smallest bundles"),
    "report.strengths": (
        "力度（0 缺位，1 计划，2 上限）",
        "strengths (0 absent, 1 plan, 2 end of range)",
    ),
    "report.quartile": (
        "四分之三的参数组至少达到的概率",
        "P that three parameter draws in four reach",
    ),
    "report.nothing": ("什么也不加", "nothing"),
    "report.bundle_found": (
        "使{goal}以 {p} 的概率达到：最小方案 {count} 个，最高概率 {best}。",
        "{goal} with probability {p}: {count} smallest bundles; the highest probability is {best}.",
    ),
    "report.bundle_none": (
        "没有方案能使{goal}以 {p} 的概率达到：最高概率 {best}，见下（{count} 个）。",
        "No bundle reaches {goal} with probability {p}: the highest is {best}, shown below ({count}).",
    ),
    "live.joint": ("收入与投资两项同时", "revenue and investment together"),
    "live.unit": ("本年累计，亿元", "year to date, 100m yuan"),
    "live.language": ("English", "Chinese"),
    "live.intro": (
        "拖动滑块，概率随之变化。0 缺位，1 按计划，2 到允许的上限；其余同",
        "Move a slider and the probabilities follow. 0 absent, 1 plan, 2 end of the range; the rest as in",
    ),
    "live.futures": ("次模拟", "simulated futures"),
    "live.absent": ("缺位", "absent"),
    "live.plan": ("计划", "plan"),
    "live.end": ("上限", "end"),
    "live.reset": ("恢复", "reset"),
    "live.keep": ("留作比较", "keep to compare"),
    "live.save": ("存为 YAML", "save as YAML"),
    "live.name": ("情景名", "name of the scenario"),
    "live.target": ("目标", "target"),
    "live.verdict": ("判断", "verdict"),
    "live.fan": (
        "横轴：计划年月份；深色 50%，浅色 90%；虚线为目标路径。",
        "Across: month of the plan year; dark 50%, light 90%; dashed: target path.",
    ),
    "live.compared": ("比较", "compared"),
    "live.running": ("正在模拟……", "running …"),
    "live.took": ("用时 {seconds} 秒", "took {seconds} s"),
    "live.saved": (
        "已保存；放进 scenarios 文件夹即可按名调用",
        "saved; in the folder scenarios it can be called by name",
    ),
    "live.newer": (
        "已改为计算更新的设置",
        "a newer setting is being run instead",
    ),
    "live.open": ("网页在 {address}，按 Ctrl+C 结束", "the page is at {address}; Ctrl+C ends it"),
    "report.written": ("已写入 {path}", "wrote {path}"),
    "plan.title": ("{title}（{number}）", "{title} ({number})"),
    "plan.targets": ("目标", "targets"),
    "plan.instruments": ("手段", "instruments"),
    "plan.lever": ("对应手段变量", "levers"),
    "plan.absent_plan": ("缺位 → 计划", "absent → plan"),
    "plan.none": ("无：{reason}", "none: {reason}"),
    "check.title": ("计划自身的算术", "the plan's own arithmetic"),
    "check.yes": ("成立", "holds"),
    "check.no": ("不成立", "fails"),
    "check.ambiguous": ("有歧义", "ambiguous"),
    "new.made": (
        "已建立 {path}；修改后检查：xuchang-sim validate {path}，运行：xuchang-sim assess --pack {path}",
        "made {path}; edit it, check it (xuchang-sim validate {path}), run it (xuchang-sim assess --pack {path})",
    ),
    "validate.good": ("{path}：没有问题", "{path}: nothing wrong"),
    "trust.fact": ("典型事实", "stylised fact"),
    "trust.value": ("模拟值", "simulated"),
    "trust.band": ("应落入", "band"),
    "trust.verdict": ("结论", "verdict"),
    "trust.moment": ("量", "moment"),
    "trust.parameter": ("参数", "parameter"),
    "trust.prior": ("先验（80%）", "prior (80%)"),
    "trust.data": ("已知", "data"),
    "trust.posterior": ("后验（80%）", "posterior (80%)"),
    "trust.covered": ("在区间内", "covered"),
    "trust.narrowed": ("收窄", "narrowed"),
    "facts.title": (
        "典型事实：{replicates} 次模拟，无计划，参数 {parameters}",
        "stylised facts: {replicates} runs without the plan, parameters {parameters}",
    ),
    "number.p_laplace": ("拉普拉斯律 p 值", "p of Laplace's law"),
    "number.p_normal": ("正态律 p 值", "p of the normal law"),
    "number.year_before": ("基年前一年", "year before the base"),
    "number.base_year": ("基年", "base year"),
    "number.jan_feb": ("1—2 月", "to February"),
    "number.first_quarter": ("一季度", "to March"),
    "number.jan_may": ("1—5 月", "to May"),
    "number.first_half": ("上半年", "to June"),
    "number.rank_of_june": ("6 月名次", "rank of June"),
    "number.changes": ("拐点数", "points of inflection"),
    "number.convex_first": ("先慢后快", "slow at first"),
    "number.peak": ("最快处", "fastest at"),
    "number.best_year": ("最高年份占比", "share of the best year"),
    "number.months_without": ("无支出月份占比", "share of months without"),
    "facts.pass": ("合", "yes"),
    "facts.fail": ("不合", "no"),
    "facts.passed": ("{count} 条中 {passed} 条相合", "{passed} of {count} hold"),
    "calibration.title": (
        "按公布日已知情况校准，种子 {seed}",
        "calibrated to what was known on the information date, seed {seed}",
    ),
    "calibration.check": (
        "° 只作检验，权重为零；后验一列是新模拟的预测，含测量误差",
        (
            "° a check that weighs nothing; the posterior column is the prediction of fresh runs,"
            " error of measurement included"
        ),
    ),
    "calibration.size": (
        "{simulations} 次模拟，有效 {effective} 次，与基年不相容 {incompatible} 次",
        "{simulations} simulations, {effective} effective, {incompatible} incompatible with the base year",
    ),
    "calibration.silent": (
        "另有 {count} 个参数，数据没有说明什么，保持先验",
        "about {count} further parameters the data say nothing; they keep their priors",
    ),
    "calibration.recovery": (
        "恢复检验：{truths} 组已知真值，秩均匀性最小 p（校正后）{p}，80% 区间覆盖 {coverage}",
        "recovery of {truths} known truths: least p of uniform ranks (corrected) {p}, 80% intervals cover {coverage}",
    ),
    "trust.setting": ("取值", "value"),
    "trust.outcome": ("结果", "outcome"),
    "trust.mean": ("均值", "mean"),
    "trust.sd": ("标准差", "sd"),
    "trust.parameters": ("参数", "parameters"),
    "trust.demand": ("全国需求", "national demand"),
    "trust.chance": ("偶然", "chance"),
    "trust.factor": ("因素", "factor"),
    "trust.first": ("一阶", "first order"),
    "trust.total": ("总效应", "total"),
    "trust.part": ("去掉", "without"),
    "trust.all": ("以上全部", "all of these"),
    "trust.revenue": ("收入", "revenue"),
    "trust.fai": ("投资", "investment"),
    "trust.revenue_next": ("次年收入", "revenue, next year"),
    "trust.fai_next": ("次年投资", "investment, next year"),
    "trust.revenue_growth": ("收入增长", "growth of revenue"),
    "trust.revenue_growth_p": ("达标概率", "P(target)"),
    "trust.fai_growth": ("投资增长", "growth of investment"),
    "trust.fai_growth_p": ("达标概率", "P(target)"),
    "uncertainty.title": (
        "不确定性从何而来：情景 {scenario}，计划年增长",
        "where the uncertainty is: scenario {scenario}, growth in the plan year",
    ),
    "uncertainty.decoration": (
        "去掉枝节后的相对变化",
        "relative change without what the design calls decoration",
    ),
    "calibration.written": ("已写入 {path}", "written to {path}"),
}


def say(key: str, lang: Language, **values: object) -> str:
    """Return a phrase in a language with its placeholders filled.

    Raises
    ------
    KeyError
        If the phrase or a placeholder is missing.
    """
    return CATALOGUE[key][0 if lang == "zh" else 1].format(**values)


def _in(thing: Any, what: str, lang: Language) -> str:
    text: str = getattr(thing, f"{what}_{lang}")
    return text


def told(text: str, lang: Language) -> str:
    """Return the half in a language of a text told in both, ``中文 · English``; others stay whole."""
    zh, dot, en = text.partition(" · ")
    return zh if lang == "zh" or not dot else en


def labelled(thing: Any, lang: Language) -> str:
    """Return the label of a target, lever, row or series in a language."""
    return _in(thing, "label", lang)


def named(thing: Any, lang: Language) -> str:
    """Return the name of a zone, sector or cluster in a language."""
    return _in(thing, "name", lang)


def titled(thing: Any, lang: Language) -> str:
    """Return the title of a pack or scenario in a language."""
    return _in(thing, "title", lang)
