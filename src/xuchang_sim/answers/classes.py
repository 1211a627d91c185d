"""Measured causes of each target: a mechanism, a prior, the lever that states it, or none.

A probability is worth a verdict only where the model could have come out otherwise for a reason. Paired runs move one
family of levers at a time, and the lever that states a target's own quantity alone; the spread over draws is split into
what only this target reads, what revenue and investment read as well, and the split of zones. Levers that move statistics
only, as a new boundary, belong to no family: what they move is no reason.
"""

from __future__ import annotations

import hashlib
import json
import math
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from xuchang_sim import definitions
from xuchang_sim.answer import Share
from xuchang_sim.answers.records import OfRuns
from xuchang_sim.answers.rules import rules_digest
from xuchang_sim.cache import cache_root
from xuchang_sim.files import write
from xuchang_sim.pack.levers import AXES
from xuchang_sim.simulation.results import together
from xuchang_sim.simulation.run import run
from xuchang_sim.simulation.setup import Variant
from xuchang_sim.simulation.targets import goals, meets, modelled
from xuchang_sim.simulation.worlds import run_given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.pack.plan import Target
    from xuchang_sim.pack.scenario import ResolvedScenario
    from xuchang_sim.simulation.results import Results
    from xuchang_sim.simulation.settings import ScenarioLike, Settings
    from xuchang_sim.simulation.setup import Setup

Array = npt.NDArray[np.float64]
Met = npt.NDArray[np.bool_]

FILE = Path(__file__).with_name("classes.json")
#: Classes, the one with a verdict first.
CLASSES = ("mechanism", "prior", "lever_echo", "fixed", "synthetic", "duplicate")
#: Least number of standard errors from which a move of a probability counts.
COUNTS = 2.0
#: Share of a spread, or of all moves, from which on one cause alone decides a target.
HALF = 0.5
#: Share of the futures in which two targets are met or missed together, from which on they are one event; in which one
#: is met, or missed, from which on it is certain.
SAME = 0.995
#: Rank correlations with a parameter beyond this many standard errors count: of 200 parameters
#: chance gives none.
CLEAR = 3.5
HEADLINES = ("revenue", "revenue_growth", "fai", "fai_growth")
#: Measures whose means are compared by family of levers; growth is over the base year.
EFFECTS = ("revenue_growth", "revenue_real_growth", "fai_growth")
#: Names of two more rows of effects beside the families.
SCOPE, ALL = "scope", "all"
ALONE = 256  # futures over which single levers are moved


class Move(TypedDict):
    """Effect of moving levers from low to high: change of P and its standard error, of the mean in standard deviations."""

    p: Share
    p_se: Share
    level: float


class Effect(TypedDict):
    """Change of a mean from the low to the high level of some levers, its standard error, in the measure's unit."""

    year: int
    mean: float
    se: float


class TargetClass(TypedDict):
    """Class of a target and the numbers behind it.

    Parameters
    ----------
    kind : str
        One of :data:`CLASSES`.
    echoes : str
        Id of what it echoes: a lever, a parameter, another target; empty for a mechanism.
    own_lever : str
        Lever that states the target's quantity; empty if none does.
    lever_share : float
        Own lever's part of the squared moves of the mean.
    prior_share, shared_share, synthetic_share, chance_share : float
        Parts of the variance over futures: parameters that only this target reads, parameters that revenue or
        investment read as well, the split among zones, the rest.
    moved : mapping of str to Move
        By family of levers, the own lever and those of scope held at the plan's level.
    scope : Move
        By the levers of scope, which move statistics only.
    """

    kind: str
    echoes: str
    own_lever: str
    lever_share: Share
    prior_share: Share
    shared_share: Share
    synthetic_share: Share
    chance_share: Share
    moved: dict[str, Move]
    scope: Move


@dataclass(frozen=True, eq=False)
class Classes(OfRuns):
    """Measured classes of all targets of a plan.

    Attributes
    ----------
    setup : Setup
        Pack, replicates, seed.
    targets : dict of str to TargetClass
        By the target's id.
    effects : dict of str to dict of str to list of Effect
        By family of levers, and ``scope`` and ``all`` (all families together, without scope); then by measure of
        :data:`EFFECTS`, year by year from the plan's.
    levers : dict of str to dict of str to list of Effect
        The same of every single lever whose low and high levels differ, over the first :data:`ALONE` futures.
    """

    setup: Setup
    targets: dict[str, TargetClass]
    effects: dict[str, dict[str, list[Effect]]]
    levers: dict[str, dict[str, list[Effect]]]

    KEYS = ("key", "replicates", "seed", "targets", "effects", "levers")

    @property
    def key(self) -> str:
        """Hash of what they were measured with: rules, definitions, pack and parameters."""
        return measured_key(self.setup.pack, self.setup.draws)

    @property
    def replicates(self) -> int:
        """Futures of every variant."""
        return self.setup.replicates


class _Seen(NamedTuple):
    """A target over the futures of one variant."""

    values: Array
    met: Met


def measured_key(pack: Pack, parameters: str) -> str:
    """Hash what the classes of a pack's targets depend on."""
    text = f"{rules_digest()} {pack.sha256} {parameters}"
    return hashlib.sha256(text.encode()).hexdigest()


def classify(study: Settings, scenario: ScenarioLike = "plan") -> Classes:
    """Measure what moves every target that the model measures.

    Parameters
    ----------
    study : Settings
        Pack, replicates, seed. Targets are those of the plan's year; effects reach the year after it.
    scenario : str, Path or ResolvedScenario

    Returns
    -------
    Classes

    Raises
    ------
    InputError
        If an input is wrong.
    """
    pack = study.pack
    resolved = study.scenario(scenario)
    setup = study.setup(through=12 * pack.plan_year + 11)
    setup = replace(setup, branch=setup.policy_month - 1)
    # Targets by which the plan is judged come first: a level is a duplicate of its growth, not the
    # other way round.
    first = goals(pack)
    targets = sorted(modelled(pack), key=lambda target: target.id not in first)
    own = {target.id: own_lever(target) for target in targets}
    trials: dict[tuple[str, str, str], ResolvedScenario] = {}
    families = _families(pack)
    for level in ("low", "high"):
        trials[SCOPE, "", level] = _at(resolved, pack, families[SCOPE], level)
    for axis in AXES:
        names = families[axis]
        for held in ["", *sorted({lever for lever in own.values() if lever in names})]:
            for level in ("low", "high"):
                others = [n for n in names if n != held]
                trials[axis, held, level] = _at(resolved, pack, others, level)
                if held:
                    trials["", held, level] = _at(resolved, pack, [held], level)
    measures = frozenset(target.measure for target in targets)
    runs = run(
        setup,
        [Variant(resolved, only=measures), *(Variant(s, only=measures) for s in trials.values())],
        full=False,
        progress=study.progress,
    )
    # The same futures with the shares of all zones at their central values: what the split adds.
    region = pack.region.model_copy(update={"share_concentration": 0.0})
    base = runs[0]
    central = replace(setup, pack=replace(pack, region=region), draws="sampled")
    even = run_given(central, resolved, base.parameters, keep=measures)
    together([*runs, even])
    by_trial = dict(zip(trials, runs[1:], strict=True))
    seen = {
        target.id: {key: _see(target, result) for key, result in by_trial.items()}
        for target in targets
    }
    ranks = _ranks({name: v[base.good] for name, v in base.parameters.items()})
    read = {name: _read(base.outcome(name), ranks) for name in HEADLINES if name in measures}
    shared = set().union(*read.values()) if read else set()
    classes: dict[str, TargetClass] = {}
    events: dict[str, Met] = {}
    for target in targets:
        here = _see(target, base)
        moved: dict[str, Move] = {
            axis: _move(seen[target.id], (axis, _held(pack, own[target.id], axis)), here)
            for axis in AXES
        }
        alone = _move(seen[target.id], ("", own[target.id]), here) if own[target.id] else None
        split = _split(target, here.values, even.outcome(target.measure), ranks, shared)
        every = np.concatenate([here.met, *(s.met for s in seen[target.id].values())])
        twin = _twin(every, events)
        kind, echoes = _kind(target, own[target.id], moved, alone, split, every, twin)
        if not twin:
            events[target.id] = every
        classes[target.id] = TargetClass(
            kind=kind,
            echoes=echoes,
            own_lever=own[target.id],
            lever_share=_lever_share(moved, alone),
            prior_share=split.own,
            shared_share=split.shared,
            synthetic_share=split.synthetic,
            chance_share=max(0.0, 1.0 - split.own - split.shared - split.synthetic),
            moved=moved,
            scope=_move(seen[target.id], (SCOPE, ""), here),
        )
    return Classes(setup, classes, *_effects(study, resolved, families))


def of_scope(lever: str) -> bool:
    """Whether a lever moves the scope of statistics only, nothing real."""
    return definitions.levers()[lever].moves == "reported"


def own_lever(target: Target) -> str:
    """Lever that states the quantity of a target; empty if none does."""
    defined = definitions.measure(target.measure)
    return defined.lever if defined else ""


def moves(move: Move) -> bool:
    """Whether a change of P is more than :data:`COUNTS` standard errors, and more than half a point.

    By less than half a point (one less :data:`SAME`) two events are called the same.
    """
    return abs(move["p"]) > max(COUNTS * move["p_se"], 1.0 - SAME)


def _at(scenario: ResolvedScenario, pack: Pack, names: list[str], level: str) -> ResolvedScenario:
    """Return the scenario with some levers at their low or high levels."""
    moved = {name: float(getattr(pack.levers[name], level)) for name in names}
    return replace(scenario, name=f"{scenario.name} {level}", levels={**scenario.levels, **moved})


def _held(pack: Pack, lever: str, axis: str) -> str:
    """Own lever, if it belongs to the family that moves: it is held at the plan's level."""
    return lever if lever and pack.levers[lever].axis == axis else ""


def _see(target: Target, result: Results) -> _Seen:
    values = result.outcome(target.measure)
    return _Seen(values, meets(values, target))


def _move(trials: Mapping[tuple[str, str, str], _Seen], key: tuple[str, str], base: _Seen) -> Move:
    """Compare the high level of some levers with the low one, future by future."""
    low, high = trials[*key, "low"], trials[*key, "high"]
    change = high.met.astype(float) - low.met.astype(float)
    spread = float(base.values.std()) or float(np.abs(base.values).mean()) or 1.0
    return Move(
        p=float(change.mean()),
        p_se=float(change.std(ddof=1) / math.sqrt(len(change))),
        level=float((high.values - low.values).mean() / spread),
    )


def _families(pack: Pack) -> dict[str, list[str]]:
    """Levers of every family without those of scope, of all of them, and those of scope."""
    real = [name for name in pack.levers if not of_scope(name)]
    levers: dict[str, list[str]] = {
        axis: [n for n in real if pack.levers[n].axis == axis] for axis in AXES
    }
    return levers | {ALL: real, SCOPE: [name for name in pack.levers if of_scope(name)]}


Effects = dict[str, dict[str, list[Effect]]]


def _effects(
    study: Settings, scenario: ResolvedScenario, families: Mapping[str, list[str]]
) -> tuple[Effects, Effects]:
    """Compare means at the high levels with those at the low ones: by family, and lever by lever."""
    pack = study.pack
    setup = study.setup(through=12 * (pack.plan_year + 1) + 11)
    setup = replace(setup, branch=setup.policy_month - 1)
    single = [name for name, lever in pack.levers.items() if lever.low != lever.high]
    moved = {**families, **{name: [name] for name in single}}
    variants = [
        Variant(
            _at(scenario, pack, names, level),
            only=frozenset(EFFECTS),
            most=0 if name in families else min(ALONE, setup.replicates),
        )
        for name, names in moved.items()
        for level in ("low", "high")
    ]
    result = iter(run(setup, variants, full=False, progress=study.progress))
    changes = {name: _change(next(result), next(result)) for name in moved}
    return {name: changes[name] for name in families}, {name: changes[name] for name in single}


def _change(low: Results, high: Results) -> dict[str, list[Effect]]:
    """Mean changes of the measures compared, with their standard errors, year by year from the plan's."""
    both = together([low, high])
    effects: dict[str, list[Effect]] = {}
    for measure in EFFECTS:
        effects[measure] = []
        for k, year in enumerate(low.setup.years):
            if year >= low.setup.pack.plan_year:
                change = (high.outcomes[measure] - low.outcomes[measure])[both, k]
                se = float(change.std(ddof=1)) / math.sqrt(len(change)) if len(change) > 1 else 0.0
                effects[measure].append(Effect(year=year, mean=float(change.mean()), se=se))
    return effects


class _Split(NamedTuple):
    """Parts of a variance, and the parameter that only this target reads and that moves it most."""

    own: float
    shared: float
    synthetic: float
    leading: str


def _ranks(draws: Mapping[str, Array]) -> dict[str, Array]:
    """Standardised ranks of the parameters that vary."""
    return {name: r for name, values in draws.items() if (r := _rank(values)) is not None}


def _rank(values: Array) -> Array | None:
    if len(values) < 2 or np.ptp(values) == 0.0:
        return None
    # Values that agree share the mean of their ranks.
    _, back, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    rank = (ends - 0.5 * (counts - 1))[back]
    return np.asarray((rank - rank.mean()) / rank.std())


def _read(values: Array, ranks: Mapping[str, Array]) -> dict[str, float]:
    """Parameters whose ranks are clearly correlated with values, with the squared correlation."""
    mine = _rank(values)
    if mine is None:
        return {}
    least = CLEAR / math.sqrt(len(mine))
    correlations = {name: float((mine * rank).mean()) for name, rank in ranks.items()}
    return {name: r * r for name, r in correlations.items() if abs(r) > least}


def _split(
    target: Target, values: Array, even: Array, ranks: Mapping[str, Array], shared: set[str]
) -> _Split:
    """Split a variance by what the parameters are read by, and by the shares of zones."""
    read = _read(values, ranks)
    defined = definitions.measure(target.measure)
    declared = set(defined.parameters) if defined else set()
    own = {p: r for p, r in read.items() if p in declared - shared or p not in shared}
    total = sum(read.values())
    scale = 1.0 / total if total > 1.0 else 1.0
    variance = float(values.var())
    synthetic = 1.0 - float(even.var()) / variance if variance > 0.0 else 0.0
    return _Split(
        scale * sum(own.values()),
        scale * sum(r for p, r in read.items() if p not in own),
        min(1.0, max(0.0, synthetic)),
        max(own, key=lambda p: own[p], default=""),
    )


def _lever_share(moves: Mapping[str, Move], alone: Move | None) -> float:
    """Own lever's part of the squared moves of the mean."""
    if alone is None:
        return 0.0
    mine = alone["level"] ** 2
    total = mine + sum(move["level"] ** 2 for move in moves.values())
    return mine / total if total > 0.0 else 0.0


def _twin(event: Met, events: Mapping[str, Met]) -> str:
    """Earlier target that is met and missed together with this one, in nearly all futures."""
    if not SAME > event.mean() > 1.0 - SAME:
        return ""  # certain events agree by themselves
    return next((name for name, other in events.items() if (event == other).mean() >= SAME), "")


def _kind(
    target: Target,
    lever: str,
    moved: Mapping[str, Move],
    alone: Move | None,
    split: _Split,
    event: Met,
    twin: str,
) -> tuple[str, str]:
    """Class of a target, and what it echoes."""
    if twin:
        return "duplicate", twin
    if target.zone is not None or split.synthetic >= HALF:
        return "synthetic", "zone_shares"
    if not SAME > event.mean() > 1.0 - SAME:
        return "fixed", "always" if event.mean() > HALF else "never"
    if lever and _lever_share(moved, alone) >= HALF:
        return "lever_echo", lever
    if split.own >= HALF or not any(moves(move) for move in moved.values()):
        return "prior", split.leading or "chance"
    return "mechanism", ""


# ------------------------------------------------------------------------------------ keeping


def keep_classes(classes: Classes, path: Path | None = None) -> Path:
    """Write measured classes where answers look for them: in the user's cache, or a given file.

    Effects of single levers are left out: half of the bytes, which no answer reads.
    """
    place = _kept(classes.key) if path is None else path
    place.parent.mkdir(parents=True, exist_ok=True)
    entries = classes.to_dict()
    del entries["levers"]
    write(place, json.dumps(entries, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return place


def read_classes(pack: Pack, parameters: str) -> tuple[dict[str, TargetClass], bool]:
    """Return the classes that were measured of a pack's targets, and whether they are stale.

    Of those measured with these very rules, shipped or kept, the ones of more futures; else those shipped for this
    plan, measured with earlier rules; empty if there are none.
    """
    key = measured_key(pack, parameters)
    ids = {target.id for target in modelled(pack)}
    entries = []
    for place in (FILE, _kept(key)):
        with suppress(OSError, ValueError, KeyError, TypeError):
            one = json.loads(place.read_text(encoding="utf-8"))
            if ids == one["targets"].keys():
                entries.append((one["key"] == key, int(one["replicates"]), one["targets"]))
    if not entries:
        return {}, False
    fresh, _, targets = max(entries, key=lambda one: one[:2])
    return targets, not fresh


def _kept(key: str) -> Path:
    return cache_root() / "classes" / f"{key}.json"
