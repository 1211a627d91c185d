"""A study: one pack, one seed, one number of replicates, and every question that can be asked of them.

``Settings`` (in ``simulation``) holds what all runs have in common and checks it; the answers below
take it as their first argument and know nothing of this module. ``Study`` stands on top of them:
it is a ``Settings`` whose methods are the questions. So data flows one way, and a question that is
added in ``answers`` gets one method here.

The functions below the class are conveniences: ``assess("plan", seed=1)`` is
``Study(seed=1).assess("plan")``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from xuchang_sim.deferred import deferred
from xuchang_sim.simulation.settings import FIELDS, Settings

with deferred():
    from xuchang_sim.answers import (
        assess as _assess,
        calibration as _calibration,
        classes as _classes,
        compare as _compare,
        designs as _designs,
        discovery as _discovery,
        explain as _explain,
        facts as _facts,
        frontier as _frontier,
        matrix as _matrix,
        outlook as _outlook,
        packages as _packages,
        prim as _prim,
        robustness as _robustness,
        sensitivity as _sensitivity,
        sweep as _sweep,
        uncertainty as _uncertainty,
    )
    from xuchang_sim.report import document as _document
    from xuchang_sim.simulation import profiling as _profiling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    import pandas as pd

    from xuchang_sim.answers.assess import Assessment
    from xuchang_sim.answers.classes import Classes
    from xuchang_sim.answers.compare import Comparison
    from xuchang_sim.answers.designs import Design
    from xuchang_sim.answers.discovery import Discovery
    from xuchang_sim.answers.explain import Explanation
    from xuchang_sim.answers.facts import Facts
    from xuchang_sim.answers.frontier import Frontier
    from xuchang_sim.answers.matrix import MatrixResult
    from xuchang_sim.answers.outlook import Outlook
    from xuchang_sim.answers.packages import BundleResult
    from xuchang_sim.answers.robustness import Robustness
    from xuchang_sim.answers.sensitivity import Method, Sensitivity
    from xuchang_sim.answers.sweep import Sweep
    from xuchang_sim.answers.uncertainty import Uncertainty
    from xuchang_sim.model.economy import Economy
    from xuchang_sim.pack.posterior import Posterior
    from xuchang_sim.simulation.profiling import Profile
    from xuchang_sim.simulation.results import Results
    from xuchang_sim.simulation.settings import ScenarioLike
    from xuchang_sim.simulation.worlds import View

__all__ = ["Study"]


class Study(Settings):
    """A pack and how it is simulated, with every question that can be asked.

    Takes what :class:`xuchang_sim.simulation.settings.Settings` takes. A scenario is a name, the
    path of a file, or what :meth:`scenario` returns.

    Examples
    --------
    >>> study = Study("yangli_2011", replicates=20, seed=1)
    >>> study.assess("plan").to_frame()[["id", "value", "unit", "p"]].head(1)  # doctest: +SKIP
    >>> study.compare("plan", study.scenario("plan", training_places="1 万人/年"))  # doctest: +SKIP
    """

    def assess(
        self,
        scenario: ScenarioLike = "plan",
        *,
        redraws: int | None = None,
        paired: int | None = None,
        extended: int = 0,
        full: bool = True,
    ) -> Assessment:
        """Say how likely every target is; see :func:`xuchang_sim.answers.assess.assess`."""
        return _assess.assess(
            self,
            scenario,
            redraws=_assess.REDRAWS if redraws is None else redraws,
            paired=_assess.PAIRED if paired is None else paired,
            extended=extended,
            full=full,
        )

    def matrix(
        self, name: str | Path = "matrix", *, earlier: bool = False, extended: int | None = None
    ) -> MatrixResult:
        """Cross axes of levers; see :func:`xuchang_sim.answers.matrix.matrix`."""
        few = _matrix.EXTENDED if extended is None else extended
        return _matrix.matrix(self, name, earlier=earlier, extended=few)

    def compare(
        self,
        a: ScenarioLike,
        b: ScenarioLike,
        *,
        measures: str | Sequence[str] | None = None,
        half_width: float | None = None,
    ) -> Comparison:
        """Compare two scenarios replicate by replicate; see :func:`xuchang_sim.answers.compare.compare`."""
        return _compare.compare(self, a, b, measures=measures, half_width=half_width)

    def explain(self, scenario: ScenarioLike = "plan") -> Explanation:
        """Say what holds the targets back; see :func:`xuchang_sim.answers.explain.explain`."""
        return _explain.explain(self, scenario)

    def packages(
        self,
        goal: str = "fai_growth",
        p: float = 0.8,
        *,
        factors: str | Sequence[str] | None = None,
        grid: Sequence[float] | None = None,
        base: ScenarioLike = "no_plan",
        robust: float | None = None,
        draws: int | None = None,
        worlds: int | None = None,
        exhaustive: bool = False,
    ) -> BundleResult:
        """Find the smallest policy packages; see :func:`xuchang_sim.answers.packages.smallest_bundle`."""
        return _packages.smallest_bundle(
            self,
            goal,
            p,
            factors=factors,
            grid=_packages.GRID if grid is None else grid,
            base=base,
            robust=robust,
            draws=draws,
            worlds=worlds,
            exhaustive=exhaustive,
        )

    def frontier(
        self,
        p: float = 0.8,
        *,
        outcomes: str | Sequence[str] | None = None,
        scenarios: ScenarioLike | Sequence[ScenarioLike] | None = None,
        maps: Sequence[tuple[str, str]] | None = None,
        grid: Sequence[float] | None = None,
        base: ScenarioLike = "plan",
    ) -> Frontier:
        """Say which growth is reached with a probability; see :func:`xuchang_sim.answers.frontier.frontier`."""
        return _frontier.frontier(
            self,
            p,
            outcomes=outcomes,
            scenarios=scenarios,
            maps=_frontier.MAPS if maps is None else maps,
            grid=_packages.GRID if grid is None else grid,
            base=base,
        )

    def sensitivity(
        self,
        scenario: ScenarioLike = "plan",
        *,
        method: Method = "morris",
        factors: str | Sequence[str] | None = None,
        size: int | None = None,
        outcomes: str | Sequence[str] | None = None,
        replicates: int = 10,
        executor: Executor | None = None,
    ) -> Sensitivity:
        """Say which factors the answer depends on.

        ``replicates`` are those of a point; see
        :func:`xuchang_sim.answers.sensitivity.sensitivity`.
        """
        return _sensitivity.sensitivity(
            self,
            scenario,
            method=method,
            factors=factors,
            size=size,
            outcomes=outcomes,
            replicates=replicates,
            executor=executor,
        )

    def discover(
        self,
        scenario: ScenarioLike = "plan",
        goal: str = "revenue_growth",
        *,
        density: float | None = None,
        boxes: int | None = None,
    ) -> Discovery:
        """Find where a goal is missed despite a scenario; see :func:`xuchang_sim.answers.discovery.discover`."""
        return _discovery.discover(
            self,
            scenario,
            goal,
            density=_prim.DENSITY if density is None else density,
            boxes=_prim.MOST_BOXES if boxes is None else boxes,
        )

    def robustness(
        self,
        scenarios: ScenarioLike | Sequence[ScenarioLike] = ("no_plan", "plan", "all_high"),
        goal: str = "fai_growth",
        *,
        draws: int = 64,
        replicates: int = 16,
        key: str | Sequence[str] | None = None,
    ) -> Robustness:
        """Say over how much of the parameters' space scenarios meet a goal.

        ``replicates`` are those of a draw; see
        :func:`xuchang_sim.answers.robustness.robustness`.
        """
        return _robustness.robustness(
            self,
            scenarios,
            goal,
            draws=draws,
            replicates=replicates,
            key=_robustness.KEY if key is None else key,
        )

    def uncertainty(self, scenario: ScenarioLike = "plan") -> Uncertainty:
        """Say where the uncertainty is; see :func:`xuchang_sim.answers.uncertainty.uncertainty`."""
        return _uncertainty.uncertainty(self, scenario)

    def classes(self, scenario: ScenarioLike = "plan") -> Classes:
        """Measure what moves every target; see :func:`xuchang_sim.answers.classes.classify`."""
        return _classes.classify(self, scenario)

    def facts(self) -> Facts:
        """Measure the stylised facts; see :func:`xuchang_sim.answers.facts.facts`."""
        return _facts.facts(self)

    def calibrate(self, simulations: int | None = None) -> Posterior:
        """Find the posterior of the parameters; see :func:`xuchang_sim.answers.calibration.calibrate`."""
        return _calibration.calibrate(
            self, _calibration.SIMULATIONS if simulations is None else simulations
        )

    def outlook(
        self, *, through: str | None = None, as_of: str | None = None, backtest: bool = False
    ) -> Outlook:
        """Forecast the economy around the zones; see :func:`xuchang_sim.answers.outlook.outlook`."""
        return _outlook.outlook(self, through=through, as_of=as_of, backtest=backtest)

    def design(
        self,
        points: pd.DataFrame | Mapping[str, Sequence[Any]],
        *,
        name: str = "table",
        scenarios: ScenarioLike | Sequence[ScenarioLike] = ("plan",),
        draws: int = 1,
        measures: str | Sequence[str] = (),
    ) -> Design:
        """Make a design of a table of points; see :func:`xuchang_sim.answers.designs.make_design`."""
        return _designs.make_design(
            self, points, name=name, scenarios=scenarios, draws=draws, measures=measures
        )

    def sweep(
        self,
        design: Design | str | Path,
        out: str | Path,
        *,
        executor: Executor | None = None,
        rows_per_part: int | None = None,
        ahead: int | None = None,
        say: Callable[[str], None] | None = None,
    ) -> Sweep:
        """Run every point of a design and keep the rows in a folder.

        A design has its own replicates, seed and last month; see
        :func:`xuchang_sim.answers.sweep.sweep`.
        """
        return _sweep.sweep(
            design,
            out=out,
            executor=executor,
            threads=self.threads,
            rows_per_part=rows_per_part,
            ahead=ahead,
            progress=self.progress,
            say=say,
            pack=self.pack,
        )

    def report(
        self,
        out: str | Path,
        scenarios: ScenarioLike | Sequence[ScenarioLike] | None = None,
        *,
        lang: str = "zh",
        deep: bool = True,
        goal: str | None = None,
    ) -> Path:
        """Write a report: ``.html`` that needs no network, an ``.xlsx`` workbook, or its data as ``.json``.

        Parameters
        ----------
        out : str or Path
            File to write.
        scenarios : sequence, optional
            The report is about the first, the others are compared; by default the usual ones.
        lang : str
            A language of the texts (``zh``, ``en``), or ``both``.
        deep : bool
            Whether to cross land, finance and labour, explain, and map the frontier too.
        goal : str, optional
            Also search the smallest package for these targets (minutes).

        Returns
        -------
        Path
            Of the file.
        """
        path = Path(out)
        _document.check(path)
        chosen = _document.usual(self.pack) if scenarios is None else scenarios
        _document.write(_document.gather(self, chosen, deep=deep, goal=goal), lang, path)
        return path

    def profile(
        self, scenario: ScenarioLike = "plan", *, watch: Callable[[View], None] | None = None
    ) -> Profile:
        """Time every rule; see :func:`xuchang_sim.simulation.profiling.profile`."""
        return _profiling.profile(self, scenario, watch)


# ------------------------------------------------------------------------------------ conveniences


_GIVEN = frozenset(FIELDS)


def _ask(question: str, about: tuple[Any, ...], words: dict[str, Any], **own: Any) -> Any:
    """Answer to a question: words that are a study's make the study, the others and ``own`` ask it."""
    given = {name: word for name, word in words.items() if name in _GIVEN}
    rest = {name: word for name, word in words.items() if name not in _GIVEN}
    return getattr(Study(**given), question)(*about, **rest, **own)


def simulate(scenario: ScenarioLike = "plan", **words: Any) -> Results:
    """Run one scenario; 1,000 replicates if not said otherwise.

    Examples
    --------
    >>> simulate("plan", replicates=2).outcome("revenue").shape
    (2,)
    """
    return cast("Results", _ask("simulate", (scenario,), {"replicates": 1000, **words}))


def economy(scenario: ScenarioLike = "plan", **words: Any) -> Economy:
    """Return one replicate as a Mesa model.

    Examples
    --------
    >>> world = economy("plan", replicate=0, replicates=1)
    >>> len(world.zones)
    10
    """
    return cast("Economy", _ask("economy", (scenario,), {"replicates": 1, **words}))


def assess(scenario: ScenarioLike = "plan", **words: Any) -> Assessment:
    """Say how likely every target is; 1,000 replicates if not said otherwise.

    Examples
    --------
    >>> assess("plan", replicates=4).to_frame()["id"][0]
    'projects_1e8'
    """
    return cast("Assessment", _ask("assess", (scenario,), {"replicates": 1000, **words}))


def matrix(name: str | Path = "matrix", **words: Any) -> MatrixResult:
    """Cross axes of levers; 400 replicates if not said otherwise.

    Examples
    --------
    >>> len(matrix(replicates=1).cells)  # three levels of land, finance and labour
    27
    """
    return cast("MatrixResult", _ask("matrix", (name,), {"replicates": 400, **words}))


def compare(a: ScenarioLike, b: ScenarioLike, **words: Any) -> Comparison:
    """Compare two scenarios; 400 replicates if not said otherwise.

    Examples
    --------
    >>> compare("plan", "land_high", replicates=4).name_b
    'land_high'
    """
    return cast("Comparison", _ask("compare", (a, b), {"replicates": 400, **words}))


def explain(scenario: ScenarioLike = "plan", **words: Any) -> Explanation:
    """Say what holds the targets back; 200 replicates if not said otherwise.

    Examples
    --------
    >>> explain("plan", replicates=2).to_dict()["scenario"]
    'plan'
    """
    return cast("Explanation", _ask("explain", (scenario,), {"replicates": 200, **words}))


def smallest_bundle(goal: str = "fai_growth", p: float = 0.8, **words: Any) -> BundleResult:
    """Find the smallest policy packages; 200 replicates if not said otherwise.

    Examples
    --------
    >>> smallest_bundle("fai_growth", 0.5, factors=["land"], grid=[0, 1, 2], replicates=20).factors
    ('land',)
    """
    return cast("BundleResult", _ask("packages", (goal, p), {"replicates": 200, **words}))


def frontier(p: float = 0.8, **words: Any) -> Frontier:
    """Say which growth is reached with a probability; 400 replicates if not said otherwise.

    Examples
    --------
    >>> frontier(0.5, replicates=4).outcomes
    ('revenue_growth', 'fai_growth')
    """
    return cast("Frontier", _ask("frontier", (p,), {"replicates": 400, **words}))


def sensitivity(
    scenario: ScenarioLike = "plan", *, replicates: int = 10, **words: Any
) -> Sensitivity:
    """Say which factors the answer depends on; ``replicates`` of each point.

    Examples
    --------
    >>> sensitivity("plan", size=2, factors=["land", "finance"], replicates=2).plan.names
    ('land', 'finance')
    """
    return cast("Sensitivity", _ask("sensitivity", (scenario,), words, replicates=replicates))


def discover(
    scenario: ScenarioLike = "plan", goal: str = "revenue_growth", **words: Any
) -> Discovery:
    """Find where a goal is missed; 1,000 replicates if not said otherwise.

    Examples
    --------
    >>> discover("plan", replicates=20).goal.ids
    ('revenue_growth',)
    """
    return cast("Discovery", _ask("discover", (scenario, goal), {"replicates": 1000, **words}))


def robustness(
    scenarios: Sequence[ScenarioLike] = ("no_plan", "plan", "all_high"),
    goal: str = "fai_growth",
    *,
    replicates: int = 16,
    **words: Any,
) -> Robustness:
    """Say over how much of the parameters' space scenarios meet a goal; ``replicates`` a draw.

    Examples
    --------
    >>> robustness(["plan"], replicates=2).to_dict()["goal"]
    ['fai_growth']
    """
    return cast("Robustness", _ask("robustness", (scenarios, goal), words, replicates=replicates))


def uncertainty(scenario: ScenarioLike = "plan", **words: Any) -> Uncertainty:
    """Say where the uncertainty is; a few minutes."""
    return cast("Uncertainty", _ask("uncertainty", (scenario,), {"replicates": 1000, **words}))


def calibrate(**words: Any) -> Posterior:
    """Find the posterior of the parameters; minutes."""
    return cast(
        "Posterior", _ask("calibrate", (), {"replicates": 1, "parameters": "sampled", **words})
    )


def facts(**words: Any) -> Facts:
    """Measure the stylised facts; 800 replicates if not said otherwise.

    Examples
    --------
    >>> facts(replicates=200).to_dict()["facts"][0]["id"]
    'firm_size_tail'
    """
    return cast("Facts", _ask("facts", (), {"replicates": 800, **words}))


def profile(scenario: ScenarioLike = "plan", replicates: int = 20, **words: Any) -> Profile:
    """Time every rule; 20 replicates if not said otherwise.

    Examples
    --------
    >>> profile("plan", replicates=2).replicates
    2
    """
    return cast("Profile", _ask("profile", (scenario,), {"replicates": replicates, **words}))


def make_design(points: pd.DataFrame | Mapping[str, Sequence[Any]], **words: Any) -> Design:
    """Make a design of a table of points; 100 replicates a point if not said otherwise.

    Examples
    --------
    >>> make_design({"land": ["plan", "high"]}).points
    (('plan',), ('high',))
    """
    return cast("Design", _ask("design", (points,), {"replicates": 100, **words}))
