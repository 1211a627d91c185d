"""Joint monthly paths of what drives the zones from outside: demand, prices, money, climate.

One module because paths, their calibration and the user's own months must agree month by month.

Known months are the data. Unknown months are one path per replicate, a function of the seed
and the replicate only: scenarios share it, and the number of replicates does not change it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace as dataclass_replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.deferred import deferred
from xuchang_sim.forecast import cache
from xuchang_sim.forecast.calendar import (
    dense,
    fill_january,
    index_from_growth,
    month_number,
    month_text,
    year_on_year,
)
from xuchang_sim.forecast.series import SeriesError, history
from xuchang_sim.htmltable import html_table
from xuchang_sim.pack.conditions import DRIVERS, SETTING, growth_fault
from xuchang_sim.text import phrase

with deferred():
    from xuchang_sim.forecast import panel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Columns of the panel, in order; all fractions.
NAMES = DRIVERS

#: Series of the pack behind the panel; the last two only inform.
SOURCES = (*SETTING, "fai_ytd", "m2_yoy", "pmi_manufacturing", "new_rmb_loans")

#: Kinds of joint model, in the order of their weights.
KINDS = ("level", "step", "factor")

YEAR = 12
#: Bounds of the two growth factors that enter the model: a normal path knows no total collapse.
FACTOR_BOUNDS = (0.5, 2.0)
#: Months of the panel before the first path, where no pack says when its firms begin.
_LEAD = 2 * YEAR
MIN_MONTHS = 48
CALIBRATED_MONTHS = 120
_CALIBRATION_PATHS = 4096
_PURPOSE_PATH = 0x6F75746C
_PURPOSE_MEMBER = 0x6D656D62
_PURPOSE_CALIBRATION = 0x63616C69
_PURPOSE_TAIL = 0x7461696C
#: Degrees of freedom of a path's deviations: normal ones of a size drawn for the whole path.
TAIL = 5
#: Rounds in which the damping of later years is found.
_FITTED = 6


@dataclass(frozen=True, slots=True, eq=False)
class Drivers:
    """Monthly paths from a year before the firms; ``n`` replicates, ``T`` months, ``K`` known.

    Attributes
    ----------
    months : tuple of str
        ``YYYY-MM``, length T.
    known : int
        K, the number of leading months that are data in both value added and PPI.
    central : dict of (T,) arrays
        Central path of each of `NAMES`, fractions a year.
    deviation : dict of (n, T) arrays
        Deviation from the central path, standardised: the mean over the first twelve unknown
        months of value added + PPI has standard deviation 1. Zero in known months.
    shift : dict of (T,) arrays
        The most likely shape of a deviation of +1 sd in that mean (used by ``shift_sd``).
    annual_sd : float
        Measured rolling-origin error sd of that mean, as a fraction (about 0.07 to 0.09).
    origins : int
        Over how many origins it was measured.
    scale : float or (n,) array
        Standard deviation in use; `annual_sd` unless `scaled` gave another.
    weights : dict of float
        Weights of the kinds of model in the ensemble.
    errors : (R,) array
        The rolling-origin errors behind `annual_sd`, in order.
    shift_sd : float
        Shift of all paths in standard deviations (demand scenario).
    held : bool
        Whether months were replaced by the user's own; they hold at this scale only.
    """

    months: tuple[str, ...]
    known: int
    central: Mapping[str, Floats]
    deviation: Mapping[str, Floats]
    shift: Mapping[str, Floats]
    annual_sd: float
    origins: int
    scale: float | Floats
    weights: Mapping[str, float]
    errors: Floats
    shift_sd: float = 0.0
    held: bool = False

    def _repr_html_(self) -> str:
        """Return a small table for notebooks: the first unknown year of each driver."""
        year = slice(self.known, self.known + YEAR)
        if self.known >= len(self.months):
            year = slice(max(0, self.known - YEAR), self.known)
        rows = []
        for name in NAMES:
            mean = 100.0 * self.path(name)[:, year].mean(axis=1)
            low, middle, high = np.quantile(mean, [0.05, 0.5, 0.95])
            rows.append((name, f"{middle:.1f}%", f"{low:.1f}% – {high:.1f}%"))
        span = self.months[year]
        return html_table(
            f"{len(self.deviation[NAMES[0]])} paths, mean of {span[0]} to {span[-1]}",
            ("driver", "median a year", "5–95%"),
            rows,
        )

    def scaled(self, forecast_sd: float | Floats) -> Drivers:
        """Same paths with another annual sd (fraction; one number or one per replicate).

        Raises
        ------
        ValueError
            If months are held at the user's own values: give ``drivers`` the sd instead.
        """
        if self.held:
            msg = phrase("drivers.sd")
            raise ValueError(msg)
        return dataclass_replace(self, scale=np.asarray(forecast_sd, dtype=float)[()])

    def path(self, name: str) -> Floats:
        """(n, T) path of one of `NAMES`, fraction a year."""
        scale = np.reshape(np.asarray(self.scale, dtype=float), (-1, 1))
        moved = self.deviation[name] + self.shift_sd * self.shift[name]
        return self.central[name] + scale * moved

    @property
    def value_added_yoy(self) -> Floats:
        """(n, T) growth of industrial value added over a year, fraction."""
        return self.path("value_added_yoy")

    @property
    def ppi_yoy(self) -> Floats:
        """(n, T) growth of producer prices over a year, fraction."""
        return self.path("ppi_yoy")

    @property
    def value_added_central(self) -> Floats:
        """(T,) central path of value added growth, fraction."""
        return self.central["value_added_yoy"]

    @property
    def ppi_central(self) -> Floats:
        """(T,) central path of producer price growth, fraction."""
        return self.central["ppi_yoy"]

    @property
    def climate(self) -> Floats:
        """(n, T) investment climate: growth factor of national FAI over its central path (1)."""
        return self._factor("fai_yoy")

    @property
    def credit(self) -> Floats:
        """(n, T) credit conditions: growth factor of M2 over its central path (1 = central)."""
        return self._factor("m2_yoy")

    def _factor(self, name: str) -> Floats:
        factor = (1.0 + self.path(name)) / (1.0 + self.central[name])
        return np.asarray(np.clip(factor, *FACTOR_BOUNDS))

    def demand_growth(
        self, betas: Sequence[float], wedge: float = 0.0, premium: float = 0.0, share: float = 1.0
    ) -> Floats:
        """(n, T, S) like-for-like nominal growth by sector: share * (VA + beta PPI + w + x)."""
        return _sector_growth(self.value_added_yoy, self.ppi_yoy, betas, wedge, premium, share)

    def demand_growth_central(
        self, betas: Sequence[float], wedge: float = 0.0, premium: float = 0.0, share: float = 1.0
    ) -> Floats:
        """(T, S) the same on the central path."""
        return _sector_growth(
            self.value_added_central, self.ppi_central, betas, wedge, premium, share
        )

    def price_index(self, betas: Sequence[float]) -> Floats:
        """(n, T, S) sector price indices, the month before the first = 1."""
        return index_from_growth(self.ppi_yoy, betas)


def drivers(
    pack: Any,
    n: int | Sequence[int],
    seed: int,
    through: str,
    shift_sd: float = 0.0,
    as_of: str | None = None,
    replace: Mapping[str, Mapping[str, float] | str] | None = None,
    central: bool = False,
    redraw: int = 0,
    redraw_after: str | None = None,
    forecast_sd: float | Floats | None = None,
) -> Drivers:
    """Paths of the drivers from a year before the pack's firms to ``through``.

    Parameters
    ----------
    pack
        A loaded pack, or a mapping of series name to mapping of ``YYYY-MM`` to value.
    n : int or sequence of int
        Replicates 0..n-1, or the replicate numbers themselves.
    seed : int
        Replicate r is a function of (seed, r) only.
    through : str
        Last month, ``YYYY-MM``.
    shift_sd : float
        Shift of the first unknown year's mean of value added + PPI, in its own sd; the central
        path stays where it is.
    as_of : str, optional
        ``YYYY-MM-DD``; values published later are not seen. Default: the pack's own date, or
        everything for a plain mapping.
    replace : mapping, optional
        Name of a driver to the user's own months (``{"2012-05": 0.11}``, fractions; the other
        drivers follow by their correlation, ``shift_sd`` moves only these) or to ``"off"`` (no
        deviation from its centre, however shifted). Months beyond ``through`` are not used.
    central : bool
        All replicates on the central path (but for what is replaced).
    redraw : int
        Number of an independent continuation; 0 is the path itself.
    redraw_after : str, optional
        Last month shared by all continuations; default the last known month.
    forecast_sd : float or (n,) array, optional
        Standard deviation to use instead of the measured one, as with `Drivers.scaled`.

    Raises
    ------
    ValueError
        For a bad month, one that is data already, an unknown driver, or a history that is missing, too short to forecast
        from or begins after the first month.

    Examples
    --------
    >>> from xuchang_sim import load_pack
    >>> paths = drivers(load_pack(), 3, 2012, "2013-12")
    >>> len(paths.deviation["demand_growth"]) if "demand_growth" in paths.deviation else len(next(iter(paths.deviation.values())))
    3
    """
    first, values, extra = _panel(pack, as_of)
    start, last = _first_month(pack, first), month_number(through)
    if last < start:
        msg = phrase("drivers.through", month_text=month_text(start), through=through)
        raise ValueError(msg)
    key = cache.digest("drivers", values, first)
    kept = cache.remembered("drivers", key, lambda: _fit(values))
    replicates = np.arange(n) if isinstance(n, int) else np.asarray(n, dtype=np.int64)
    end = first + len(values)
    horizon = max(last - end + 1, 0)
    long = max(horizon, YEAR)
    shared = 0 if redraw_after is None else max(month_number(redraw_after) - end + 1, 0)
    normals = _normals(seed, replicates, long, kept["start"].shape[1], redraw, shared)
    ahead = _simulate(kept, _members(kept, seed, replicates), normals)
    if extra or replace or long > CALIBRATED_MONTHS:
        fixed = _calibration(kept, long)
        form = _form(kept, values, fixed) if long > CALIBRATED_MONTHS else _kept_form(kept, long)
        ahead, fixed = _formed(ahead, form), _formed(fixed, form)
        if extra:
            places, goals = [e[:2] for e in extra], np.array([[e[2] for e in extra]])
            ahead = _imposed(ahead, fixed, places, goals)
            fixed = _imposed(fixed, fixed, places, goals)
        middle, unit, shape = _standard(fixed, fixed.mean(axis=0) if extra else form[1])
    else:
        fixed = None
        ahead = _formed(ahead, _kept_form(kept, long))
        middle, shape = kept["middle"][:long], kept["shape"][:long]
        unit = float(kept["unit"])
    deviation = _tails(seed, replicates)[:, np.newaxis, np.newaxis] * (ahead - middle) / unit
    sd = float(kept["annual_sd"])
    scale = sd if forecast_sd is None else np.asarray(forecast_sd, dtype=float)[()]
    off, wanted = _wishes(replace, end, middle)
    if central:
        deviation = np.zeros_like(deviation)
    if wanted and fixed is not None:
        goals = np.array([w[2] for w in wanted]) / np.reshape(scale, (-1, 1))
        places = [w[:2] for w in wanted]
        deviation = _imposed(deviation, (fixed - middle) / unit, places, goals)
    deviation[:, :, off] = 0.0
    if off or wanted:
        shape = shape.copy()
        shape[:, off] = 0.0
        shape[[w[0] for w in wanted], [w[1] for w in wanted]] = 0.0
    length = last - start + 1
    data = values[start - first :, : len(NAMES)][:length]
    full_central = np.concatenate([data, middle[:horizon]])[:length]
    pad = np.zeros((len(replicates), len(data), len(NAMES)))
    full_deviation = np.concatenate([pad, deviation[:, :horizon]], axis=1)[:, :length]
    full_shift = np.concatenate([np.zeros_like(data), shape[:horizon]])[:length]
    _fill_early(full_central)
    return Drivers(
        months=tuple(month_text(start + i) for i in range(length)),
        known=min(len(data), length),
        central={name: full_central[:, j] for j, name in enumerate(NAMES)},
        deviation={name: full_deviation[:, :, j] for j, name in enumerate(NAMES)},
        shift={name: full_shift[:, j] for j, name in enumerate(NAMES)},
        annual_sd=sd,
        origins=int(kept["origins"]),
        scale=scale,
        weights=dict(zip(KINDS, (float(w) for w in kept["weights"]), strict=True)),
        errors=kept["errors"],
        shift_sd=0.0 if central else shift_sd,
        held=bool(wanted),
    )


def _fit(values: Floats) -> cache.Arrays:
    kept = {name: _rounded(entries) for name, entries in panel.fit(values, len(NAMES)).items()}
    fixed = _calibration(kept, CALIBRATED_MONTHS)
    raw, middle, damping = _form(kept, values, fixed)
    fixed = _formed(fixed, (raw, middle, damping))
    middle, unit, shape = _standard(fixed, middle)
    entries = {"raw": raw, "middle": middle, "damping": damping, "shape": shape}
    return kept | entries | {"unit": np.array(unit)}


def _form(kept: cache.Arrays, values: Floats, sample: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean of the ensemble, central path and damping of deviations, each by month ahead.

    The ensemble gives deviations their shape from month to month and driver to driver. Its centre, and
    how deviations grow from year to year, are those whose misses were measured (`panel.centre`,
    `panel.later_spread`): a random walk in growth is right for a year and far too wide after it.
    """
    raw = np.asarray(sample.mean(axis=0))
    horizon = len(raw)
    middle = raw.copy()
    middle[:, :2] = _rounded(panel.centre(values[:, :2], horizon))
    years = max(horizon // YEAR, 1)
    later = kept["later"][np.minimum(np.arange(years), len(kept["later"]) - 1)]
    months = YEAR * np.arange(years) + (YEAR - 1) / 2.0
    each = (sample - raw)[:, : years * YEAR, :2].sum(axis=2)
    factors = np.ones(years)
    for _ in range(_FITTED):  # a year's spread depends on its neighbours' factors, a little
        damping = np.interp(np.arange(horizon), months, factors)
        damped = (damping[: years * YEAR] * each).reshape(len(sample), years, -1)
        spread = damped.mean(axis=2).std(axis=0)
        factors = factors * later / (spread / spread[0])
    damping = _rounded(np.interp(np.arange(horizon), months, factors))
    return raw, middle, damping


def _kept_form(kept: cache.Arrays, horizon: int) -> tuple[Floats, Floats, Floats]:
    """Return the same as `_form`, kept for the first months."""
    return kept["raw"][:horizon], kept["middle"][:horizon], kept["damping"][:horizon]


def _formed(sample: Floats, form: tuple[Floats, ...]) -> Floats:
    """(n, H, k) paths about the central path, deviations damped."""
    raw, middle, damping = form
    return np.asarray(middle + damping[:, np.newaxis] * (sample - raw))


def _tails(seed: int, replicates: npt.NDArray[np.int64]) -> Floats:
    """(n,) sizes that make normal deviations Student-t ones of variance 1."""
    streams = _Streams(seed, _PURPOSE_TAIL)
    draws = np.array([streams.at(r, 0).standard_normal(TAIL) for r in replicates.tolist()])
    total = np.zeros(len(draws))
    for column in draws.T:
        total += column * column
    return np.asarray(np.sqrt((TAIL - 2) / total))


def _rounded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Estimates to 24 binary digits, whole numbers as they are.

    Fits by linear algebra agree to about 13 decimal digits from one kind of processor to another.
    Results from rounded values are the same to the last bit, unless one lies within 1e-13 of a
    tie.
    """
    return values.astype(np.float32).astype(np.float64) if values.dtype.kind == "f" else values


def lacking(pack: Any) -> list[tuple[str, str]]:
    """Return what a pack's history lacks for paths of the drivers: key of the pack, and the fault."""
    try:
        first, *_ = _panel(pack, None)
    except SeriesError as fault:
        return [("history", fault.problems[0].message)]
    try:
        _first_month(pack, first)
    except SeriesError as fault:
        return [("firms_start", fault.problems[0].message)]
    return []


def _first_month(pack: Any, panel: int) -> int:
    """First month of the paths: a year before the pack's firms, within the panel."""
    first = getattr(pack, "firms_start", panel + _LEAD + YEAR) - YEAR
    if first < panel:
        msg = phrase("drivers.begin", month_text=month_text(panel), month_text2=month_text(first))
        raise SeriesError(msg, _file(pack))
    return int(first)


def _file(pack: Any) -> str:
    """File to name in a fault of the history."""
    folder = getattr(pack, "folder", None)
    return "" if folder is None else str(folder / "pack.yaml")


def _breaks(pack: Any, name: str) -> list[int]:
    """Years of a source whose growth compares unlike coverages: left out."""
    tables = getattr(pack, "history", None)
    return list(tables[name].entry.breaks) if tables else []


def _column(pack: Any, name: str, as_of: str | None) -> tuple[int, Floats]:
    """First month number and values of one source."""
    try:
        return dense(history(pack, name, as_of))
    except KeyError:
        msg = phrase("drivers.no_series", name=name, sources=", ".join(SOURCES))
        raise SeriesError(msg, _file(pack)) from None


def _panel(pack: Any, as_of: str | None) -> tuple[int, Floats, list[tuple[int, int, float]]]:
    """First month number, (T, 6) fractions, and what is known beyond the last common month.

    Columns are `NAMES` (investment: the sum to date over that of a year before, as published;
    single months carry the year's revisions), then what only informs: the purchasing managers'
    index and the growth of loans over twelve months. The table begins with the first January from which value added
    and producer prices are both there, and ends where one of them ends; later months of the
    others come back as (steps ahead, column, value).
    """
    read = {name: _column(pack, name, as_of) for name in SOURCES}
    start = -(-max(read[name][0] for name in SOURCES[:2]) // YEAR) * YEAR
    columns = []
    for name, (first, values) in read.items():
        at, column = first, values
        if name == "fai_ytd":
            at, column = at + YEAR, fill_january(at + YEAR, year_on_year(column)[YEAR:])
            column[np.isin((at + np.arange(len(column))) // YEAR, _breaks(pack, name))] = np.nan
        elif name == "new_rmb_loans":
            summed = np.convolve(column, np.ones(YEAR))[: len(column)]
            summed[: YEAR - 1] = np.nan
            column = year_on_year(summed)
        else:
            column = fill_january(at, column) / 100.0
        columns.append(_aligned(at, column, start))
    length = min(len(c) for c in columns[:2])
    out = np.full((length, len(SOURCES)), np.nan)
    extra = []
    for j, column in enumerate(columns):
        part = column[:length]
        out[: len(part), j] = part
        if j < len(NAMES):
            extra += [(i, j, float(v)) for i, v in enumerate(column[length:]) if np.isfinite(v)]
    out[0, 0] = out[1, 0] if np.isnan(out[0, 0]) else out[0, 0]
    if length < MIN_MONTHS or np.isnan(out[:, :2]).any():
        msg = phrase(
            "drivers.gap_free", min_months=MIN_MONTHS, month_text=month_text(start), length=length
        )
        raise SeriesError(msg, _file(pack))
    return start, out, extra


def _aligned(first: int, column: Floats, start: int) -> Floats:
    known = np.flatnonzero(np.isfinite(column))
    column = column[: known[-1] + 1] if len(known) else column[:0]
    return (
        column[start - first :]
        if first <= start
        else np.concatenate([np.full(first - start, np.nan), column])
    )


def _fill_early(table: Floats) -> None:
    """Months before a series begins carry its first value (deviation there is zero)."""
    for column in table.T:
        known = np.flatnonzero(np.isfinite(column))
        gaps = np.isnan(column)
        column[gaps] = np.interp(np.flatnonzero(gaps), known, column[known])


class _Streams:
    """Streams of a seed and a purpose: each begins at its own counter.

    One generator is set to the counters in turn, which takes a fifth of making it anew.
    """

    def __init__(self, seed: int, purpose: int) -> None:
        key = np.array([seed % 2**64, purpose], dtype=np.uint64)
        self._bits = np.random.Philox(key=key, counter=np.zeros(4, dtype=np.uint64))
        self._start = self._bits.state
        self._generator = np.random.Generator(self._bits)

    def at(self, replicate: int, continuation: int) -> np.random.Generator:
        """Begin a stream; the one before ends."""
        self._start["state"]["counter"][2:] = replicate, continuation
        self._bits.state = self._start
        return self._generator


def _normals(
    seed: int,
    replicates: npt.NDArray[np.int64],
    horizon: int,
    states: int,
    redraw: int,
    shared: int,
) -> Floats:
    """(n, horizon, states) innovations; months after ``shared`` from the redraw, if any."""
    out = np.empty((len(replicates), horizon, states))
    streams = _Streams(seed, _PURPOSE_PATH)
    for i, replicate in enumerate(replicates.tolist()):
        streams.at(replicate, 0).standard_normal(out=out[i])
        if redraw:
            other = streams.at(replicate, redraw).standard_normal((horizon, states))
            out[i, shared:] = other[shared:]
    return out


def _members(
    kept: cache.Arrays, seed: int, replicates: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Which parameter draw of which model each replicate has."""
    edges = np.cumsum(_shares(kept))
    streams = _Streams(seed, _PURPOSE_MEMBER)
    picks = [streams.at(r, 0).random() for r in replicates.tolist()]
    return np.minimum(np.searchsorted(edges, picks, side="right"), len(edges) - 1)


def _shares(kept: cache.Arrays) -> Floats:
    """Probability of every parameter draw: its kind's weight over the number of its draws."""
    kinds = kept["member"]
    return np.asarray(kept["weights"][kinds] / np.bincount(kinds)[kinds])


def _simulate(kept: cache.Arrays, members: npt.NDArray[np.int64], normals: Floats) -> Floats:
    """(n, H, k) unknown months of each replicate's member."""
    transition, shock, loading, root = (
        np.ascontiguousarray(np.moveaxis(kept[name], 2, 0)[:, members])
        for name in ("transition", "shock", "loading", "root")
    )
    drift, offset = kept["drift"][members], kept["offset"][members]
    state = kept["start"][members] + _applied(root, normals[:, 0])
    out = np.empty((len(members), normals.shape[1], offset.shape[1]))
    for step in range(normals.shape[1]):
        if step:
            state = _applied(transition, state) + drift + _applied(shock, normals[:, step])
        out[:, step] = offset + _applied(loading, state)
    return out


def _applied(columns: Floats, weights: Floats) -> Floats:
    """(n, ...) sums over t of (t, n or 1, ...) columns by (n, t) weights, in the order of t.

    Linear algebra sums in an order of its own on every kind of processor, with last digits of its own.
    """
    shape = (-1, *(1,) * (columns.ndim - 2))
    total: Floats = columns[0] * weights[:, 0].reshape(shape)
    for t in range(1, len(columns)):
        total += columns[t] * weights[:, t].reshape(shape)
    return total


def _calibration(kept: cache.Arrays, horizon: int) -> Floats:
    """Return a fixed large sample of unknown months, the same for every seed and n."""
    edges = np.cumsum(_shares(kept))
    grid = (np.arange(_CALIBRATION_PATHS) + 0.5) / _CALIBRATION_PATHS
    members = np.minimum(np.searchsorted(edges, grid, side="right"), len(edges) - 1)
    rng = _Streams(0, _PURPOSE_CALIBRATION).at(0, 0)
    half = rng.standard_normal((horizon, _CALIBRATION_PATHS // 2, kept["start"].shape[1]))
    normals = np.empty((_CALIBRATION_PATHS, horizon, half.shape[2]))
    normals[0::2], normals[1::2] = np.moveaxis(half, 0, 1), -np.moveaxis(half, 0, 1)
    return _simulate(kept, members, normals)


def _standard(sample: Floats, middle: Floats) -> tuple[Floats, float, Floats]:
    """Centre, unit (sd of the first year's mean of value added + PPI) and shape of a shift."""
    year = sample[:, :YEAR, :2].sum(axis=2).mean(axis=1)
    unit = float(year.std())
    centred = (year - year.mean()) / unit
    shape = (centred[:, np.newaxis, np.newaxis] * (sample - middle)).mean(axis=0) / unit
    return middle, unit, np.asarray(shape)


def _wishes(
    replace: Mapping[str, Mapping[str, float] | str] | None, end: int, middle: Floats
) -> tuple[list[int], list[tuple[int, int, float]]]:
    """Columns switched off, and (steps ahead, column, deviation from the centre) to impose."""
    off: list[int] = []
    wanted: list[tuple[int, int, float]] = []
    for name, months in (replace or {}).items():
        if name not in NAMES:
            msg = phrase("drivers.unknown", name=name, names=", ".join(NAMES))
            raise ValueError(msg)
        column = NAMES.index(name)
        if isinstance(months, str):
            if months != "off":
                msg = phrase("drivers.replaced", months=months)
                raise ValueError(msg)
            off.append(column)
            continue
        for month, value in months.items():
            step = month_number(month) - end
            fault = growth_fault(value)
            if step < 0:
                fault = phrase("drivers.data", month_text=month_text(end))
            if fault:
                msg = f"{name} {month}: {fault}"
                raise ValueError(msg)
            if step < len(middle):
                wanted.append((step, column, value - middle[step, column]))
    return off, wanted


def _imposed(
    paths: Floats, sample: Floats, places: Sequence[tuple[int, int]], goals: Floats
) -> Floats:
    """Impose values on (n, H, k) paths; the rest follows by its covariance in the sample.

    ``places`` are (step, column), ``goals`` their values, shape (n or 1, places).
    """
    steps, columns = np.array(places).T
    centred = sample - sample.mean(axis=0)
    seen = centred[:, steps, columns]
    covariance = seen.T @ seen / len(seen)
    covariance[np.diag_indices_from(covariance)] *= 1.0 + 1e-6
    cross = np.tensordot(seen, centred, axes=(0, 0)) / len(seen)
    follow = np.linalg.solve(covariance, cross.reshape(len(steps), -1)).reshape(cross.shape)
    gap = goals - paths[:, steps, columns]
    out = paths + _applied(_rounded(follow)[:, np.newaxis], gap)
    out[:, steps, columns] = goals
    return np.asarray(out)


def _sector_growth(
    value_added: Floats,
    ppi: Floats,
    betas: Sequence[float],
    wedge: float,
    premium: float,
    share: float,
) -> Floats:
    beta = np.asarray(betas, dtype=float)
    growth = value_added[..., np.newaxis] + beta * ppi[..., np.newaxis] + wedge + premium
    return np.asarray(share * growth)
