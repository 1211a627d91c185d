"""Arrays with named dimensions: the record of a run as one dataset a topic, every variable with its unit.

The optional package xarray (extra ``xarray``) holds them. Units, flows and stocks, and how zones make
up the city come from ``definitions/columns.yaml``.
"""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from xuchang_sim import definitions
from xuchang_sim.deferred import deferred
from xuchang_sim.model.world import MEASURES, SUMMARY
from xuchang_sim.text import phrase

with deferred():
    import pandas as pd
    import xarray as xr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

#: Recorded columns that say what bound, kept by zone and month.
HELD = (
    "reported",
    "lost_capacity",
    "lost_labour",
    "lost_finance",
    "wait_approval",
    "wait_land",
    "wait_group",
    "wait_own",
    "short_bank",
    "short_land",
)
#: Topics, with their dimensions.
TOPICS: dict[str, tuple[str, ...]] = {
    "city": ("scenario", "replicate", "month"),
    "zones": ("scenario", "replicate", "year", "zone"),
    "held": ("scenario", "replicate", "month", "zone"),
    "outcomes": ("scenario", "replicate", "year"),
    "draws": ("replicate",),
}


class Record(Protocol):
    """Part of :class:`xuchang_sim.simulation.results.Results` that is read here; that class is in a higher layer."""

    @property
    def setup(self) -> Any:
        """Setup shared by all variants of the run."""
        ...

    @property
    def variant(self) -> Any:
        """The scenario, and how it continues."""
        ...

    @property
    def replicates(self) -> int:
        """Simulated futures."""
        ...

    @property
    def city(self) -> Array | None:
        """Columns by month, summed over zones."""
        ...

    @property
    def zone_years(self) -> Array | None:
        """Columns by year and zone."""
        ...

    @property
    def held(self) -> Array | None:
        """Binding constraints, by month and zone."""
        ...

    @property
    def outcomes(self) -> Mapping[str, Array]:
        """Measures by year."""
        ...

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Parameter draws."""
        ...

    @property
    def summary(self) -> Array:
        """Numbers of a replicate that are not monthly."""
        ...

    @property
    def good(self) -> npt.NDArray[np.bool_]:
        """Which replicates ran through."""
        ...


class Variable(NamedTuple):
    """One variable: its values without the dimension ``scenario``, and its attributes."""

    name: str
    array: Array
    attrs: dict[str, str]


def variables(results: Record, topic: str) -> list[Variable]:
    """Return the variables of a topic.

    Parameters
    ----------
    results : Results
    topic : str
        One of :data:`TOPICS`. ``city`` has the recorded columns by month, as sums over the zones
        or as ``definitions/columns.yaml`` says; those that do not make up a city are left out.

    Raises
    ------
    ValueError
        If the topic is unknown, or the run kept targets only.
    """
    if topic not in TOPICS:
        message = phrase("run.topic", topic=topic, topics=", ".join(TOPICS))
        raise ValueError(message)
    return list(_MAKERS[topic](results))


def _city(results: Record) -> Iterator[Variable]:
    months = kept_months(results.city)
    zones = len(results.setup.pack.region.zones)
    for k, (name, column) in enumerate(_columns()):
        if column.zones != "none":
            values = months[:, :, k]
            yield Variable(
                name, values / zones if column.zones == "mean" else values, _attrs(column, "month")
            )


def _zones(results: Record) -> Iterator[Variable]:
    years = kept_months(results.zone_years)
    for k, (name, column) in enumerate(_columns()):
        values = years[:, :, k]
        if column.year == "mean":  # a level that is recorded like a flow: its sum means nothing
            values = values / 12.0
        yield Variable(name, values, _attrs(column, "year"))


def _held(results: Record) -> Iterator[Variable]:
    held = kept_months(results.held)
    columns = dict(_columns())
    for k, name in enumerate(HELD):
        yield Variable(name, held[:, :, k], _attrs(columns[name], "month"))


def _outcomes(results: Record) -> Iterator[Variable]:
    targets = {target.id: target for target in results.setup.pack.plan.targets()}
    for name, values in results.outcomes.items():
        known = definitions.measures().get(name)
        if known is not None:
            attrs = {"units": known.unit, "long_name": known.label.en}
        else:
            attrs = {"units": targets[name].unit, "long_name": targets[name].label_en}
        yield Variable(name, values, attrs)


def _draws(results: Record) -> Iterator[Variable]:
    parameters = definitions.parameters()
    for name, values in results.parameters.items():
        entry = parameters[name]
        yield Variable(name, values, {"units": entry.unit, "long_name": entry.label.en})
    for k, name in enumerate(SUMMARY):
        scalar = definitions.summary()[name]
        attrs = {"units": scalar.unit, "long_name": scalar.label.en}
        yield Variable(f"world_{name}", results.summary[:, k], attrs)


_MAKERS = {
    "city": _city,
    "zones": _zones,
    "held": _held,
    "outcomes": _outcomes,
    "draws": _draws,
}


def _columns() -> Iterator[tuple[str, definitions.Column]]:
    """Recorded columns in the order of the record."""
    known = definitions.columns()
    return ((name, known[name]) for name in MEASURES)


def _attrs(column: definitions.Column, over: str) -> dict[str, str]:
    method = {"flow": "sum", "stock": "point"}[column.kind]
    if over == "year":
        method = {"sum": "sum", "last": "point", "mean": "mean"}[column.year]
    return {
        "units": column.unit,
        "long_name": column.label.en,
        "kind": column.kind,
        "cell_methods": f"{over}: {method}",
        "zones": column.zones,
    }


def kept_months(values: Array | None) -> Array:
    """Return what a run kept of its months.

    Raises
    ------
    ValueError
        If the run kept targets only.
    """
    if values is None:
        message = phrase("run.targets_only")
        raise ValueError(message)
    return values


def coordinates(results: Record, topic: str) -> dict[str, Any]:
    """Return the coordinates of a topic: names of the dimensions and what belongs to them."""
    setup, dims = results.setup, TOPICS[topic]
    entries: dict[str, Any] = {
        "replicate": np.arange(results.replicates),
        "failed": ("replicate", ~results.good),
    }
    if "scenario" in dims:
        entries["scenario"] = [results.variant.scenario.name]
    if "month" in dims:
        entries["month"] = np.array([_last_day(month) for month in setup.months], "datetime64[ns]")
        entries["period"] = ("month", list(setup.months))
    if "year" in dims:
        entries["year"] = list(setup.years)
    if "zone" in dims:
        zones = setup.pack.region.zones
        entries["zone"] = [zone.id for zone in zones]
        entries["name_zh"] = ("zone", [zone.name_zh for zone in zones])
        entries["name_en"] = ("zone", [zone.name_en for zone in zones])
    return entries


def _last_day(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{month}-{calendar.monthrange(year, number)[1]:02d}"


def dataset(results: Record, topic: str) -> xr.Dataset:
    """Return a topic as a dataset.

    Raises
    ------
    ValueError
        As :func:`variables`.
    ImportError
        If xarray is not installed.
    """
    try:
        dataset_of = xr.Dataset
    except ImportError as error:
        message = phrase("run.xarray")
        raise ImportError(message) from error
    result = variables(results, topic)
    dims = TOPICS[topic]
    return dataset_of(
        {
            name: (dims, values[None] if "scenario" in dims else values, attrs)
            for name, values, attrs in result
        },
        coords=coordinates(results, topic),
        attrs={
            "pack": results.setup.pack.name,
            "pack_sha256": results.setup.pack.sha256,
            "scenario_sha256": results.variant.scenario.sha256,
            "seed": results.setup.seed,
            "parameters": results.setup.draws,
        },
    )


def frame(results: Record, topic: str) -> pd.DataFrame:
    """Return a topic as a data frame: one row for each point of its dimensions, one column a variable.

    ``attrs["units"]`` has the unit of every variable.

    Raises
    ------
    ValueError
        As :func:`variables`.
    """
    result = variables(results, topic)
    values = coordinates(results, topic)
    values["month"] = list(results.setup.months)
    dims = TOPICS[topic]
    index = pd.MultiIndex.from_product([values[name] for name in dims], names=dims)
    table = pd.DataFrame({one.name: one.array.ravel() for one in result}, index=index)
    table = table.reset_index()
    table.attrs["units"] = {one.name: one.attrs["units"] for one in result}
    return table
