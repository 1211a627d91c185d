"""Time the engine against peers on the same work: ``python -m benchmarks.peers``.

Equivalence comes first: nothing is timed that was not shown to give the engine's numbers.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmarks.peers import agent_steps, hottest
from benchmarks.peers.timing import Replicates, Row, row, table, yardstick

if TYPE_CHECKING:
    from collections.abc import Callable


def measure(replicates: int, rounds: int, say: Callable[[str], object] = print) -> list[Row]:
    """Check, then time, every peer that this machine has.

    Parameters
    ----------
    replicates : int
        Replicates of the Mesa form, and so rounds of its comparison.
    rounds : int
        Rounds of the comparison of single steps.
    say : callable, optional
        Called with a line on what was shown or skipped.

    Returns
    -------
    list of Row
        The table, the yardstick before and after included.
    """
    chosen = Replicates(replicates)
    chosen.run_engine()  # compiles
    for number, found in enumerate(agent_steps.check(chosen, range(min(3, replicates)))):
        say(
            f"Mesa form, replicate {number}: {found.numbers:,} numbers of {found.months} months"
            f" ({found.open_months} open) equal the engine's, to {found.greatest:.1e}"
        )
    with_c = hottest.compiler() is not None
    if not with_c:
        say("C twin: skipped, no gcc on this machine")
    stopped = hottest.stop_before(chosen, chosen.opening + 12)
    for name, bits in hottest.check(stopped, with_c=with_c).items():
        say(f"{name}: equal to 1e-12{', every bit' if bits else ''}")
    share = hottest.explained(replicates)
    say(f"the steps compared are {share:.0%} of the time of a month with open ledgers")
    before = [yardstick() for _ in range(3)]
    rows = agent_steps.mesa_rows(chosen)
    rows += hottest.step_rows(stopped, rounds, with_c=with_c)
    return [
        row("yardstick before", "s", before),
        *rows,
        row("yardstick after", "s", [yardstick() for _ in range(3)]),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--replicates", type=int, default=6, help="replicates of the Mesa form")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of the single steps")
    asked = parser.parse_args()
    print(table(measure(asked.replicates, asked.rounds)))


if __name__ == "__main__":
    main()
