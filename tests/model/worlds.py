"""Small random worlds for tests, and their month-by-month traces."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import numpy.typing as npt

from xuchang_sim.model import chunk, engine
from xuchang_sim.model.memory import blank
from xuchang_sim.model.world import (
    LEVERS,
    MEASURES,
    OPEN,
    PARAMETERS,
    Inputs,
    Sizes,
    World,
    columns,
)
from xuchang_sim.pack.load import Pack, load_pack

Records = npt.NDArray[np.void]

SMALL = Sizes(zones=8, sectors=8, firms=520, projects=1032, months=96, span=128)
WHOLE = {"zones": "zones", "firms": "firms", "projects": "projects"}


def nation(start: int, base: int, draw: random.Random) -> npt.NDArray[np.float64]:
    """Log growth of the nation's investment since the base year's middle: a rate for each year."""
    months = start + np.arange(SMALL.span)
    rates = {int(y): draw.uniform(0.02, 0.28) / 12.0 for y in np.unique(months // 12)}
    passed = np.cumsum([rates[int(m) // 12] for m in months])
    return np.asarray(passed - np.interp(12 * base + 5.5, months, passed))


def random_inputs(seed: int, pack: Pack | None = None, *, check: bool = True) -> Records:
    """Return the inputs of a random small world, shape (1,).

    Zones 1 to 4, sectors 1 to 4, about twenty firms and twenty starts a year, parameters uniform
    in the pack's ranges, levers uniform in theirs, demand a random walk.
    """
    pack = pack or load_pack()
    rng = random.Random(seed)
    record = blank(Inputs, SMALL)
    p = record[0]
    outside = random.Random(f"{seed} outside")  # apart, so that all else stays the same world
    for name in sorted(PARAMETERS):
        parameter = pack.parameters[name]
        value = parameter.default or 0.0
        if name in {"climate_elasticity", "credit_elasticity"}:
            value = outside.uniform(parameter.low, parameter.high)
        elif parameter.prior.kind != "fixed":
            value = rng.uniform(parameter.low, parameter.high)
        if parameter.prior.kind == "integer":
            value = float(rng.randint(int(parameter.low), int(parameter.high)))
        p[name] = value
    zones, sectors = rng.randint(1, 4), rng.randint(1, 4)
    base = 2011
    p["seed"] = rng.getrandbits(62)
    p["replicate"] = rng.randint(0, 10**6)
    p["check"] = check
    p["base_year"] = base
    p["plan_year"] = base + 1
    p["firms_start"] = 12 * (base - rng.randint(0, 1))
    p["pipeline_start"] = p["firms_start"] - rng.randint(6, 30)
    p["opening"] = 12 * (base + 1)
    p["policy_month"] = p["opening"] + rng.randint(1, 6)
    p["demand_start"] = p["firms_start"] - 12
    p["demand_months"] = 12 * (base + 3) - p["demand_start"]
    p["climate"] = p["credit"] = 1.0
    p["nation"] = nation(int(p["pipeline_start"]), base, outside)
    for month in range(int(p["opening"] - p["pipeline_start"]), SMALL.span):
        p["climate"][month] = outside.uniform(0.7, 1.4)
        p["credit"][month] = outside.uniform(0.8, 1.2)
    size = rng.uniform(0.05, 0.12)
    p["base_revenue"], p["base_fai"] = 1428.0 * size, 461.0 * size
    p["base_profit_tax"], p["base_workers"] = 214.0 * size, 150000.0 * size
    p["firms_count"] = rng.randint(4, 24)
    p["acceptance_tolerance"], p["acceptance_max"] = 0.6, 1.4
    p["factory_reference"] = 1.5e6 * size
    p["zones"], p["sectors"] = zones, sectors
    p["share_concentration"] = rng.choice([0.0, rng.uniform(2.0, 60.0)])
    shares = [rng.uniform(0.2, 1.0) for _ in range(zones)]
    codes = rng.sample(range(1, 200), zones + sectors)
    plants = 0
    for z in range(zones):
        p["zone_code"][z] = codes[z]
        p["zone_provincial"][z] = rng.randint(0, 1)
        p["zone_share"][z] = shares[z] / math.fsum(shares)
        p["zone_site"][z] = rng.choice([0.0, 1.0])
        p["zone_expands"][z] = rng.randint(0, 1)
        if rng.random() < 0.5:
            plants += 1
            p["zone_sewage"][z] = plants
        leads = rng.sample(range(sectors), rng.randint(1, sectors))
        weights = [rng.uniform(0.2, 1.0) for _ in leads]
        for s, weight in zip(leads, weights, strict=True):
            p["zone_lead"][z, s] = weight / math.fsum(weights)
            p["zone_leading"][z, s] = 1
    for s in range(sectors):
        p["sector_code"][s] = codes[zones + s] % 60
        p["sector_beta"][s] = rng.uniform(0.5, 1.5)
        p["sector_own"][s] = rng.choice([0.2, 0.4, 0.75])
        p["sector_plot"][s] = rng.uniform(0.6, 1.0)
        p["sector_floor"][s] = rng.randint(0, 1)
        p["sector_alpha"][s] = rng.uniform(0.4, 1.6)
        p["sector_rest"][s] = rng.choice([0.0, 1.0])
        p["sector_new"][s] = p["sector_rest"][s] or 1.0
    p["sector_code"][:sectors] = rng.sample(range(1, 60), sectors)
    for name, spread in (("revenue_season", 0.2), ("fai_season", 0.6)):
        factors = np.array([rng.uniform(1 - spread, 1 + spread) for _ in range(12)])
        p[name] = factors / factors.mean()
    for month in rng.sample(range(12), rng.randint(1, 4)):
        p["group_month"][month] = 1
    value, price = rng.uniform(0.05, 0.15), rng.uniform(-0.02, 0.06)
    for m in range(int(p["demand_months"])):
        value += rng.gauss(0.0, 0.01)
        price += rng.gauss(0.0, 0.008)
        p["value_added"][m], p["prices"][m] = value, price
        p["value_added_central"][m] = value + rng.gauss(0.0, 0.01)
        p["prices_central"][m] = price
    for part in ("absent", "level"):
        for name in LEVERS:
            lever = pack.levers[name]
            value = rng.uniform(lever.minimum, lever.maximum)
            if lever.kind in {"count", "switch"}:
                value = float(round(value))
            if lever.unit in {"亩/年", "m²/年", "人/年", "套/年", "个/年", "亿元", "亿元/年"}:
                value *= size
            p[part][name] = value
        levels = p[part]
        levels["release_by_september"] = max(
            levels["release_by_september"], levels["release_by_june"]
        )
    p["reachable_pool"] *= size
    scale = engine.expectations(record, SMALL)[0, 0]
    p["envelope"][:, 0] = 4.0 * scale / 12.0
    p["envelope"][:, 1] = 20.0 * scale / 12.0 * p["starts_large"] / p["starts_ordinary"]
    return record


def as_plain(record: Records) -> dict[str, Any]:
    """Return one record of inputs as plain Python numbers and lists."""
    out: dict[str, Any] = {}
    for name in record.dtype.names or ():
        value = record[0][name]
        if value.dtype.names:
            out[name] = {lever: float(value[lever]) for lever in LEVERS}
        else:
            out[name] = value.tolist()
    return out


class Trace:
    """One world run month by month through the engine's own entry points."""

    def __init__(self, inputs: Records, sizes: Sizes = SMALL) -> None:
        self.inputs = inputs
        self.memory = blank(World, sizes)
        self._seen = self.memory, inputs
        chunk.begin_world(*self._seen)

    @property
    def city(self) -> Any:
        """The city's record."""
        return self.memory[0]["city"]

    def open(self) -> int:
        """Run the conditioning; return the error code."""
        while self.city["phase"] != OPEN and self.city["code"] == 0:
            chunk.tick(*self._seen)
        return int(self.city["code"])

    def tick(self) -> int:
        """Run one month; return the error code."""
        chunk.tick(*self._seen)
        return int(self.city["code"])

    def table(self, part: str) -> dict[str, Any]:
        """Columns of a table (``zone``, ``firm``, ``project``), rows in use only."""
        counts = {"zone": "zones", "firm": "firms", "project": "projects"}
        rows = int(self.city[counts[part]])
        tables = {"zone": "Zones", "firm": "Firms", "project": "Projects"}
        from xuchang_sim.model import world

        table = getattr(world, tables[part])
        held = self.memory[0][part]
        return {
            name: held[name][:rows].tolist()
            for name, column in columns(table).items()
            if column.shape[:1] == (counts[part],)
        }


class Given(engine.Runs):
    """Variants of one replicate whose records are given; every month is kept by zone."""

    def __init__(self, given: Records, sizes: Sizes, branch: int, until: int) -> None:
        first = given[0, 0]
        self.given, self.sizes, self.branch, self.until = given, sizes, branch, until
        self.zones, self.sectors, self.base_year = (
            int(first[name]) for name in ("zones", "sectors", "base_year")
        )
        self.counts = [1] * len(given)
        self.kept = tuple(range(len(MEASURES)))

    def inputs(self, first: int, count: int) -> Records:
        """Return all records."""
        del first, count
        return self.given

    def take(self, first: int, block: engine.Block) -> None:
        """Keep the block: of one chunk, its memory is not used again."""
        del first
        self.found = block

    def run(self) -> engine.Block:
        """Run them in one thread."""
        engine.run(self, workers=1)
        return self.found
