"""The same world and the same steps as a Mesa model, one replicate at a time.

For teaching, for looking at single agents and for shocks that need a callable. Many replicates
belong to the engine; both give the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa

from xuchang_sim.model.chunk import begin_world, perform, tick
from xuchang_sim.model.engine import place_of
from xuchang_sim.model.memory import room
from xuchang_sim.model.schedule import CHECK, STEPS
from xuchang_sim.model.world import (
    CODES,
    OPEN,
    Firms,
    Projects,
    Sizes,
    World,
    Zones,
    columns,
)
from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from xuchang_sim.model.engine import Records
    from xuchang_sim.model.world import Table

    Hook = Callable[["Economy"], None]

STEP_NAMES: tuple[str, ...] = tuple(rule.__name__ for rule in STEPS)


class Row(mesa.Agent):
    """An agent is a light view of one row of a table: its columns are attributes."""

    table = ""

    def __init__(self, model: Economy, row: int) -> None:
        # The stock constructor keeps every model ever made in a class-level table (Mesa 3.3).
        self.model = model
        self.unique_id = row
        self.pos = None
        self.row = row
        model.register_agent(self)

    def __repr__(self) -> str:
        """Return the kind and the row."""
        return f"<{type(self).__name__} {self.row}>"


def _row_class(name: str, table: type[Table], part: str) -> type[Row]:
    """Make the agent class of a table: one property for each of its columns."""

    def column(key: str) -> property:
        def read(self: Row) -> Any:
            return self.model.columns[part][key][self.row]

        def write(self: Row, value: float) -> None:
            self.model.columns[part][key][self.row] = value

        return property(read, write)

    length = {"zone": "zones", "firm": "firms", "project": "projects"}[part]
    body: dict[str, Any] = {
        key: column(key) for key, result in columns(table).items() if result.shape[:1] == (length,)
    }
    body["__doc__"] = table.__doc__
    return type(name, (Row,), body)


Zone = _row_class("Zone", Zones, "zone")
Firm = _row_class("Firm", Firms, "firm")
Project = _row_class("Project", Projects, "project")


class Economy(mesa.Model):
    """One world from the opening of its ledgers on; ``step()`` is one month.

    Parameters
    ----------
    inputs : ndarray of Inputs, shape (1,)
        What the replicate is given; see :func:`xuchang_sim.simulation.run.economy`.
    sizes : Sizes
        Room for rows.
    hooks : mapping of str to sequence of callables, optional
        Callables ``hook(economy)`` to run after the named step of every month.
    through : int, optional
        Last month, 12 * year + month - 1, for which there are inputs: ``run_model()`` ends with it.
        Without one the caller has to know when to stop.

    Attributes
    ----------
    running : bool
        False once the last month has run.
    zones, firms, projects : AgentSet
        Views of the rows in use; closed firms and ended projects leave their set.

    Raises
    ------
    RuntimeError
        If conditioning fails, a month breaks an identity (the code is in the message), or a month
        after the last one is asked for: demand is not known there.
    """

    def __init__(
        self,
        inputs: Records,
        sizes: Sizes,
        hooks: Mapping[str, Sequence[Hook]] | None = None,
        through: int | None = None,
    ) -> None:
        super().__init__(rng=int(inputs["seed"][0]))
        unknown = set(hooks or {}) - set(STEP_NAMES)
        if unknown:
            message = phrase(
                "run.step", unknown=", ".join(sorted(unknown)), step_names=", ".join(STEP_NAMES)
            )
            raise ValueError(message)
        self.hooks = dict(hooks or {})
        self.through = through
        self.inputs = inputs.copy()
        self.memory = room(World, sizes, 1)
        world = self.memory[0]
        self.columns = {part: world[part] for part in ("zone", "firm", "project")}
        self._rows: dict[type[Row], dict[int, Row]] = {Zone: {}, Firm: {}, Project: {}}
        self._known = {Firm: 0, Project: 0}
        begin_world(self.memory, self.inputs)
        while self.city["phase"] != OPEN:
            tick(self.memory, self.inputs)
            self._raise()
        for row in range(int(self.city["zones"])):
            self._rows[Zone][row] = Zone(self, row)
        self._follow()

    @property
    def city(self) -> Any:
        """The city's record: scalars by name."""
        return self.memory[0]["city"]

    @property
    def month(self) -> int:
        """Last month that was run, 12 * year + month - 1."""
        return int(self.city["t"])

    @property
    def zones(self) -> Any:
        """Zones as an AgentSet."""
        return self.agents_by_type[Zone]

    @property
    def firms(self) -> Any:
        """Living firm rows as an AgentSet."""
        return self.agents_by_type[Firm]

    @property
    def projects(self) -> Any:
        """Projects that are still followed as an AgentSet."""
        return self.agents_by_type[Project]

    def step(self) -> None:
        """Run one month, step by step, with the hooks of each step after it.

        Raises
        ------
        RuntimeError
            If the month breaks an identity, or lies beyond the last one.
        """
        if self.through is not None and self.month >= self.through:
            year, month = divmod(self.through, 12)
            raise RuntimeError(phrase("run.beyond", last=f"{year}-{month + 1:02d}"))
        for number, name in enumerate(STEP_NAMES):
            if number == CHECK and self.inputs["check"][0] == 0:
                continue
            perform(self.memory, self.inputs, number)
            for hook in self.hooks.get(name, ()):
                hook(self)
        self._raise()
        self._follow()
        self.running = self.through is None or self.month < self.through

    def _raise(self) -> None:
        code = int(self.city["code"])
        if code:
            year, month = divmod(self.month, 12)
            message = phrase(
                "run.check_failed",
                code=code // CODES,
                year=year,
                month=month + 1,
                place=place_of(code),
            )
            raise RuntimeError(message)

    def _follow(self) -> None:
        """Make views for new rows and remove those of closed firms and ended projects."""
        self._update(Firm, int(self.city["firms"]), set(self._living()))
        live = self.columns["project"]["live"][: int(self.city["live"])]
        self._update(Project, int(self.city["projects"]), {int(row) for row in live})

    def _living(self) -> Iterator[int]:
        alive = self.columns["firm"]["alive"][: int(self.city["firms"])]
        return (int(row) for row in alive.nonzero()[0])

    def _update(self, kind: type[Row], count: int, present: set[int]) -> None:
        rows = self._rows[kind]
        for row in range(self._known[kind], count):
            if row in present:
                rows[row] = kind(self, row)
        self._known[kind] = count
        for row in [row for row in rows if row not in present]:
            rows.pop(row).remove()
