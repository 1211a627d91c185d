"""Shared parts of the commands: options of a study, progress, answers, exit codes.

Exit codes: 0 done, 1 the program's fault, 2 the user's input is wrong (or the machine refuses: memory,
disk, rights), 3 done but some runs failed, 130 and 143 ended by SIGINT or SIGTERM, 141 nobody reads on.
Results go to standard output, progress and messages to standard error.
"""

from __future__ import annotations

import gc
import inspect
import json
import math
import sys
import time
from contextlib import contextmanager
from functools import wraps
from inspect import Parameter
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, get_type_hints

import typer

from xuchang_sim import __version__, output
from xuchang_sim.cli import options
from xuchang_sim.cli.help import Command, Program
from xuchang_sim.deferred import deferred
from xuchang_sim.text import phrase

with deferred():
    from rich import console, progress as bars

    from xuchang_sim import study as studies
    from xuchang_sim.report import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Concatenate, TypeVar

    from rich.console import RenderableType

    from xuchang_sim.answer import Answer
    from xuchang_sim.study import Study

    F = TypeVar("F", bound=Callable[..., None])
    Progress = Callable[[int, int], None]

DONE, OUR_FAULT, WRONG_INPUT, SOME_FAILED = 0, 1, 2, 3
NEW_OBJECTS = (
    100_000  # number of objects after which the garbage collector looks for cycles while starting
)
USUAL_OBJECTS = gc.get_threshold()  # the same for the rest of the run
WIDEST = 100  # characters of a line of help
KEYWORD = Parameter.KEYWORD_ONLY
LINE_SECONDS = 5.0  # between two lines of progress in a log

app = typer.Typer(
    cls=Program,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
)


def _version(asked: bool) -> None:
    if asked:
        output.answer(f"xuchang-sim {__version__}\n")
        raise typer.Exit


@app.callback()
def program(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """Say how likely a plan's targets are, what holds them back, and what would reach them."""


def command(function: F) -> F:
    """Make a function a command; its help stands in the text catalogue under its name."""
    return app.command(cls=Command)(function)


def question(
    table: Callable[[Any, str], RenderableType], *, replicates: int, log: bool = False
) -> Callable[[Callable[Concatenate[Study, ...], Answer]], Callable[..., None]]:
    """Make a command of a function that asks a study: it takes the study and returns the answer.

    The command takes the function's own parameters and, besides, ``--replicates``, ``--seed``,
    ``--parameters``, ``--pack``, ``--lang`` and ``--json``. It shows progress, prints the answer, and
    ends with :data:`SOME_FAILED` if runs failed.

    Parameters
    ----------
    table : callable
        Makes what is printed of an answer in a language.
    replicates : int
        Simulated futures unless others are asked for.
    log : bool
        Whether progress is also written where no terminal is: for what takes minutes.
    """
    shared: Mapping[str, tuple[Any, Any]] = {
        "replicates": (options.Replicates, replicates),
        "seed": (options.Seed, 2012),
        "parameters": (options.Parameters, None),
        "pack": (options.Pack, None),
        "lang": (options.Language, "zh"),
        "json": (options.Json, False),
    }

    def made(function: Callable[Concatenate[Study, ...], Answer]) -> Callable[..., None]:
        @wraps(function)
        def asked(**given: Any) -> None:
            replicates, seed, parameters, pack, lang, as_json = (given.pop(k) for k in shared)
            study = studies.Study(pack, replicates=replicates, seed=seed, parameters=parameters)
            with progress(function.__name__, quiet=as_json, log=log) as shown:
                informed = shown if as_json else _loading_tables(shown)
                answer = function(study.with_(progress=informed), **given)
            if as_json:
                print_json(answer.to_dict())
            else:
                tables.show(table(answer, lang))
            end(getattr(answer, "failed", 0))

        own = list(inspect.signature(function).parameters.values())[1:]
        both = [*own, *(Parameter(k, KEYWORD, default=v) for k, (_, v) in shared.items())]
        asked.__annotations__ = {each.name: each.annotation for each in own}
        asked.__annotations__ |= {name: kind for name, (kind, _) in shared.items()}
        kinds = get_type_hints(asked, include_extras=True)
        signature = inspect.Signature([each.replace(annotation=kinds[each.name]) for each in both])
        asked.__signature__ = signature  # type: ignore[attr-defined]
        return command(asked)

    return made


@contextmanager
def progress(text: str, *, quiet: bool, log: bool = False) -> Iterator[Progress | None]:
    """Show progress on standard error: a bar on a terminal; else nothing, or lines if ``log``.

    The program has started: from here on garbage is collected as usual.
    """
    gc.set_threshold(*USUAL_OBJECTS)
    if quiet or not sys.stderr.isatty():
        yield _lines(text) if log and not quiet else None
        return
    columns = (
        bars.TextColumn(text),
        bars.BarColumn(),
        bars.TextColumn("{task.completed}/{task.total}"),
    )
    with bars.Progress(
        *columns, bars.TimeRemainingColumn(), console=console.Console(stderr=True)
    ) as shown:
        # Not shown until it is known how much there is to do.
        task = shown.add_task(text, total=None, visible=False)

        def update(done: int, whole: int) -> None:
            shown.update(task, completed=done, total=whole, visible=True)

        yield update


def _loading_tables(shown: Progress | None) -> Progress:
    """Progress that also loads what shows the answer: the engine is at work, this thread is not."""

    def update(done: int, whole: int) -> None:
        _ = tables.show  # a deferred module is loaded by its first use
        if shown:
            shown(done, whole)

    return update


def _lines(text: str) -> Progress:
    """Progress for a log file: now and then a line with the time that remains."""
    begun: list[tuple[float, int]] = []
    last = [0.0]

    def update(done: int, whole: int) -> None:
        now = time.monotonic()
        begun.append((now, done)) if not begun else None
        first, before = begun[0]
        if done < whole and now - last[0] < LINE_SECONDS:
            return
        last[0] = now
        left = (whole - done) * (now - first) / (done - before) if done > before else None
        rest = "" if left is None else phrase("progress.left", left=left)
        output.message(phrase("progress.line", text=text, done=done, whole=whole, rest=rest))

    return update


def print_json(data: dict[str, Any]) -> None:
    """Print one JSON object."""
    text = json.dumps(plain(data), ensure_ascii=False, allow_nan=False, indent=1)
    output.answer(text + "\n", json=True)


def plain(value: Any) -> Any:
    """Return data that JSON has words for: a key without a number is left out, in a list null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items() if not _undefined(item)}
    if isinstance(value, list | tuple):
        return [None if _undefined(item) else plain(item) for item in value]
    return value


def _undefined(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def tabulated(answer: Answer) -> dict[str, Any]:
    """Return an answer as the tables take it: a number that is not defined is NaN."""
    return answer.to_dict(undefined=math.nan)


def end(failed: object) -> None:
    """End with :data:`SOME_FAILED` if runs failed."""
    if failed:
        raise typer.Exit(SOME_FAILED)


def refuse(option: str, message: str) -> NoReturn:
    """Refuse what an option says."""
    raise typer.BadParameter(message, param_hint=option)
