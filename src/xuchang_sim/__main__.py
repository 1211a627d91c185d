"""Where the program starts: its help needs nothing but Python, all else is ``cli``.

Typer and what it loads take four fifths of the time in which a person sees what there is to ask.
"""

from __future__ import annotations

import os
import sys

from xuchang_sim import output, stopping

PURPOSE = "How likely are a plan's targets, what holds them back, what would reach them?"
#: What each command does: the first sentence of its own help, which the tests compare.
COMMANDS = {
    "assess": "Say how likely every target of the plan is under a scenario",
    "matrix": "Cross land, finance and labour at three levels on common random numbers",
    "outlook": "Forecast the economy around the zones, or any series in a file",
    "plan": "List the plan's targets and instruments with their paragraphs",
    "validate": "Check a pack, a scenario or a sweep; every fault with its file, line and what is allowed",
    "sweep": "Run every point of a design; killed and started again, it goes on",
    "compare": "Compare two scenarios future by future: how much, how sure, when, what was moved",
    "explain": "Say what holds the targets back, what growth is made of, what one more unit brings",
    "bundle": "Find the smallest bundles of levers that make a target likely, or what is reachable",
    "frontier": "Say which growth is reached with a probability, by scenario and over two families",
    "sensitivity": "Say which levers and parameters the answer depends on",
    "discover": "Find where a target is missed despite a scenario: ranges of parameters and demand",
    "report": "Write a report as one file that needs no network, or as a workbook",
    "facts": "Measure the stylised facts and say which of them hold; or where the uncertainty is",
    "calibrate": "Find the pack's parameters from what was known, and keep them for later runs",
    "convert": "Rewrite a pack of the first edition in the present form",
    "definitions": "List what the model defines, as units, ranges and meanings",
    "new": "Make a new pack that runs as it is, to be edited for another city or another plan",
    "hindcast": "Forecast past plans from what was known then; score them against simple forecasts",
    "schema": "Print the JSON Schema of what a command prints with --json",
    "explore": "Open a page on this machine whose sliders move the levers; it reaches nobody else",
}
HELP = {"-h", "--help"}
#: Other options that stand before a command.
OPTIONS = {
    "-h, --help": "Show this message; after a command, what it takes.",
    "--version": "Show the version.",
    "--install-completion": "Let this shell complete commands, options and names.",
    "--show-completion": "Show what that would add to the shell's settings.",
}
COMPLETION = "_XUCHANG_SIM_COMPLETE"  # set by the shell that asks what could be typed next
WRONG_INPUT = 2  # exit code, as in ``cli``
WIDEST = 100  # characters of a line of help


def help_text(columns: int) -> str:
    """Return the help of the program for a terminal of so many columns."""
    import textwrap  # noqa: PLC0415 - only for help

    name = max(len(word) for word in (*COMMANDS, *OPTIONS))
    width = max(name + 18, min(columns, WIDEST) - 1)

    def filled(text: str, first: str, other: str) -> str:
        return textwrap.fill(text, width, initial_indent=first, subsequent_indent=other)

    def listed(entries: dict[str, str]) -> list[str]:
        return [
            filled(f"{said.removesuffix('.')}.", f"  {word:{name}s}  ", " " * (name + 4))
            for word, said in entries.items()
        ]

    return "\n".join(
        (
            "Usage: xuchang-sim [OPTIONS] COMMAND [ARGS]...",
            "",
            filled(PURPOSE, "  ", "  "),
            "",
            "Options:",
            *listed(OPTIONS),
            "",
            "Commands:",
            *listed(COMMANDS),
            "",
        )
    )


def _columns() -> int:
    """Columns of the terminal, or as many as a page has."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said[:9]) > 0:
        return int(said[:9])
    try:
        return os.get_terminal_size().columns
    except (OSError, ValueError):
        return WIDEST


def main() -> None:
    """Show the help if nothing else is asked for; else run the command line."""
    output.prepare()
    stopping.install()
    words = sys.argv[1:]
    if COMPLETION in os.environ:
        words = ["complete"]  # the words stand in other variables
    if not words:
        output.message(help_text(_columns()).rstrip())
        sys.exit(WRONG_INPUT)
    if words[0] in HELP:
        output.answer(help_text(_columns()))
        return
    if words == ["--version"]:
        from xuchang_sim import __version__  # noqa: PLC0415

        output.answer(f"xuchang-sim {__version__}\n")
        return
    if words[0] == "outlook":  # its matrices are small: more threads only wait for each other
        for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(name, "1")
    try:
        from xuchang_sim.cli import main as run  # noqa: PLC0415 - that is the point

        run()
    except stopping.Stopped as asked:
        output.message(str(asked))
        sys.exit(asked.code)


if __name__ == "__main__":
    main()
