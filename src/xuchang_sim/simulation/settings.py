"""Settings of a study: the pack and how it is simulated, checked once and handed to every question.

The answers take a :class:`Settings`; :class:`xuchang_sim.study.Study` is one that can also ask them.
So nothing below the study needs to know it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from xuchang_sim.pack.conditions import check as check_conditions
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.pack.scenario import ResolvedScenario, load_scenario
from xuchang_sim.pack.variation import vary
from xuchang_sim.simulation.arguments import arguments, faults
from xuchang_sim.simulation.run import economy, run
from xuchang_sim.simulation.setup import Setup, Variant
from xuchang_sim.text import phrase
from xuchang_sim.yamlfile import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from xuchang_sim.model.economy import Economy
    from xuchang_sim.pack.conditions import Condition
    from xuchang_sim.simulation.results import Results
    from xuchang_sim.simulation.setup import Draws

    Progress = Callable[[int, int], None]

#: A scenario: its name, the path of its file, or the scenario itself.
ScenarioLike = str | Path | ResolvedScenario
FIELDS = ("pack", "replicates", "seed", "through", "parameters", "threads", "progress")


def listed(names: str | Sequence[str]) -> Sequence[str]:
    """Return names as a sequence: one name given alone is a list of one, not of its letters."""
    return [names] if isinstance(names, str) else names


class Settings:
    """Settings shared by all runs of a study; they do not change.

    Parameters
    ----------
    pack : Pack, str or Path, optional
        A pack, its name, folder or workbook; the shipped one if left out.
    replicates : int
        Number of simulated futures.
    seed : int
        Seed of every draw; the same seed gives the same bits on any number of threads.
    through : str, optional
        Last month, ``YYYY-MM``; the pack's if left out. Questions about the plan's year alone end
        with it.
    parameters : {"posterior", "sampled", "central"}, optional
        One draw of the parameters a replicate, from the pack's posterior (if it has one) or the
        priors; or the central values.
    threads : int, optional
        Threads of the engine; all if left out. No number depends on it.
    progress : callable, optional
        Called with (done, whole) while an answer is computed.

    Raises
    ------
    InputError
        If an argument is wrong; one line each.

    Examples
    --------
    >>> from xuchang_sim import load_pack
    >>> Settings(load_pack(), replicates=4).with_(seed=7).seed
    7
    """

    pack: Pack
    replicates: int
    seed: int
    through: str | None
    parameters: Draws
    threads: int | None
    progress: Progress | None
    _setup: Setup

    def __init__(
        self,
        pack: Pack | str | Path | None = None,
        *,
        replicates: int = 1000,
        seed: int = 2012,
        through: str | None = None,
        parameters: Draws | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        loaded = pack if isinstance(pack, Pack) else load_pack(pack)
        setup = arguments(loaded, replicates, seed, through, parameters, threads)
        numbers = setup.replicates, setup.seed  # plain integers, whatever was given
        given = (loaded, *numbers, through, setup.draws, threads, progress)
        self.__dict__.update(zip(FIELDS, given, strict=True))
        self.__dict__["_setup"] = setup

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a study is one thing throughout; ``with_`` makes another."""
        message = phrase("run.frozen", name=type(self).__name__, name2=name)
        raise AttributeError(message)

    def with_(self, **changes: Any) -> Self:
        """Return the same with other values of some fields, checked again.

        Parameters
        ----------
        **changes
            Fields as in the constructor.
        """
        return type(self)(**{**{name: getattr(self, name) for name in FIELDS}, **changes})

    @property
    def _key(self) -> tuple[object, ...]:
        posterior = self.pack.posterior if self.parameters == "posterior" else None
        drawn = posterior.sha256 if posterior else self.parameters
        return self.pack.sha256, self.replicates, self.seed, self._setup.through, drawn

    def __eq__(self, other: object) -> bool:
        """Whether both give the same numbers: threads and progress do not count."""
        return isinstance(other, Settings) and self._key == other._key

    def __hash__(self) -> int:
        """Hash of what the numbers depend on."""
        return hash(self._key)

    def __repr__(self) -> str:
        """Return the pack's name and the fields that matter."""
        s = self
        last = f", through={s.through!r}" if s.through else ""
        return (
            f"{type(s).__name__}({s.pack.name!r}, replicates={s.replicates}, seed={s.seed}"
            f"{last}, parameters={s.parameters!r})"
        )

    # ------------------------------------------------------------------------------ scenarios

    def scenario(
        self,
        parent: ScenarioLike = "plan",
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        demand_shift: float | None = None,
        drivers: Mapping[str, Condition] | None = None,
        **settings: float | str,
    ) -> ResolvedScenario:
        """Return a scenario, from a file or made here from another one.

        Parameters
        ----------
        parent : str, Path or ResolvedScenario
            Name of a scenario, path of its file, or a scenario; what is not set stays as in it.
        name : str, optional
            By default the parent's name and what was set.
        title : str, optional
            By default the name.
        demand_shift : float, optional
            Shift of the demand outlook, in standard deviations.
        drivers : mapping, optional
            Drivers held at months (``{"ppi_yoy": {"2012-05": -0.02}}``, fractions), or ``"off"``.
        **settings
            By id. For an axis (``land``, ``finance``, ...) a named level or a strength from 0 to 2;
            for a lever or a parameter a number in its unit, a number with a unit
            (``"4.5 万人/年"``, ``"100/15 公顷/年"``), or, for a lever, a named level.
            Axes come first, then levers, then parameters.

        Raises
        ------
        InputError
            One line for everything that is wrong.

        Examples
        --------
        >>> from xuchang_sim import Study
        >>> study = Study("yangli_2011", replicates=4)
        >>> study.scenario("plan", land="high", training_places="1 万人/年").levels["training_places"]
        10000.0
        """
        resolved_scenario = (
            load_scenario(parent, self.pack) if not isinstance(parent, ResolvedScenario) else parent
        )
        if not settings and demand_shift is None and not drivers and name is None and title is None:
            return resolved_scenario
        return vary(resolved_scenario, settings, self.pack, name, title, demand_shift, drivers)

    def scenarios(self, several: ScenarioLike | Sequence[ScenarioLike]) -> list[ResolvedScenario]:
        """Return scenarios by name, path or as they are; one given alone is a list of one.

        Parameters
        ----------
        several : str, Path, ResolvedScenario or sequence of them

        Raises
        ------
        InputError
            If there is no such scenario, or none is given.
        """
        if isinstance(several, str | Path | ResolvedScenario):
            return [self.scenario(several)]
        if not several:
            raise InputError([Problem("scenarios", "", 0, phrase("ask.each_once"))])
        return [self.scenario(s) for s in several]

    # ------------------------------------------------------------------------------ runs

    @cached_property
    def _runs(self) -> tuple[Problem, ...]:
        """Faults for which no run of the pack could start; asked once."""
        key = "" if self.through else "default_through"
        return tuple(faults(self.pack, self._setup.through, key))

    def setup(self, *, ready: bool = True, **changes: Any) -> Setup:
        """Return what the engine is given.

        Parameters
        ----------
        ready : bool
            Whether a run must be able to start; without it only the arguments are checked.
        **changes
            Fields of :class:`xuchang_sim.simulation.setup.Setup`.

        Raises
        ------
        InputError
            If no run of the pack could start.
        """
        if ready and self._runs:
            raise InputError(self._runs)
        return replace(self._setup, **changes) if changes else self._setup

    def run(
        self,
        variants: Sequence[Variant | ScenarioLike],
        *,
        full: bool = True,
        keep: Collection[str] | None = None,
    ) -> list[Results]:
        """Run scenarios, or variants of them, on common random numbers.

        Parameters
        ----------
        variants : sequence of Variant, str, Path or ResolvedScenario
        full : bool
            Keep the months of every replicate; otherwise only measures and attainment.
        keep : collection of str, optional
            Measures and targets to evaluate; by default all.

        Returns
        -------
        list of Results
            In the order of ``variants``; replicate k of each has the same draws.
        """
        result = [v if isinstance(v, Variant) else Variant(self.scenario(v)) for v in variants]
        return run(self.setup(), result, full=full, keep=keep, progress=self.progress)

    def simulate(
        self,
        scenario: ScenarioLike = "plan",
        *,
        drivers: Mapping[str, Condition] | None = None,
        check: bool = False,
    ) -> Results:
        """Run one scenario.

        Parameters
        ----------
        scenario : str, Path or ResolvedScenario
            Name of a scenario, path of a file, or a scenario.
        drivers : mapping, optional
            Drivers of the outlook that differ from the scenario's: months with their growth over a
            year (``{"ppi_yoy": {"2012-05": -0.02}}``, fractions), or ``"off"``.
        check : bool
            Test the accounting identities in every month of every replicate; those of the first
            eight are always tested.

        Returns
        -------
        Results

        Raises
        ------
        InputError
            If the scenario or a driver is wrong.
        """
        result = self.scenario(scenario)
        if drivers:
            result = replace(
                result, drivers={**result.drivers, **check_conditions(drivers, self.pack)}
            )
        return run(self.setup(check=check), [Variant(result)], progress=self.progress)[0]

    def economy(
        self,
        scenario: ScenarioLike = "plan",
        *,
        replicate: int = 0,
        hooks: Mapping[str, Sequence[Callable[[Economy], None]]] | None = None,
        check: bool = False,
    ) -> Economy:
        """Return one replicate as a Mesa model, the same to the last bit as in the engine.

        Its zones, firms and projects are agents that can be watched and changed; a hook is a shock.

        Parameters
        ----------
        scenario : str, Path or ResolvedScenario
        replicate : int
            Which replicate, from 0.
        hooks : mapping of str to sequence of callables, optional
            ``hook(economy)`` to run after the named step of every month; the steps are
            :data:`xuchang_sim.model.economy.STEP_NAMES`.
        check : bool
            Test the accounting identities every month.

        Returns
        -------
        Economy
            At the opening of its ledgers; ``step()`` is one month.

        Raises
        ------
        InputError
            If the scenario or the replicate is wrong.
        RuntimeError
            If this replicate does not fit the base year.
        """
        return economy(self.setup(check=check), self.scenario(scenario), replicate, hooks)
