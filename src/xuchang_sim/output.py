r"""Standard output and standard error, whatever their encoding or state: nothing computed is lost.

Every command writes through here. A character that an encoding lacks is replaced by a plain one
(`²` by `2`), else by its code (`\u4e8c`), in JSON always by its code. An answer that standard output
does not take (closed, or its disk is full) goes to a file, whose name standard error says.
"""

from __future__ import annotations

import codecs
import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Final, NoReturn

from xuchang_sim.text import LANGUAGES, VARIABLE, Language, reason, say

WRONG_INPUT: Final = 2  # exit code: the answer is not where it was wanted
READER_LEFT: Final = 141  # exit code of a program whose reader closed the pipe, as shells say it
HANDLER: Final = "xuchang_sim.plain"

#: Plain characters for those that the usual narrow encodings lack.
PLAIN: Final = dict(
    pair.split(" ")
    for pair in [
        "² 2",
        "³ 3",
        "㎡ m2",
        "† +",
        "≥ >=",
        "≤ <=",
        "± +-",
        "× x",
        "÷ /",
        "– -",
        "— -",
        "− -",
        "… ...",
        "→ ->",
        "· -",
        "√ sqrt",
        "σ sd",
        '“ "',
        '” "',
        "‘ '",
        "’ '",
        "（ (",
        "） )",
        "， ,",
        "、 ,",
        "； ;",
        "： :",
        "。 .",
        "％ %",
        '《 "',
        '》 "',
        "〔 [",
        "〕 ]",
    ]
)
_escaped = False  # whether a character was shown by its code since the last answer


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Replace what an encoding lacks: an error handler as :mod:`codecs` takes it."""
    global _escaped  # noqa: PLW0603 - an error handler has no other way to say what it did
    if not isinstance(error, UnicodeEncodeError):
        raise error
    result = []
    for character in error.object[error.start : error.end]:
        plain = PLAIN.get(character)
        if plain is None:
            _escaped = True
            plain = character.encode("ascii", "backslashreplace").decode()
        result.append(plain)
    return "".join(result), error.end


codecs.register_error(HANDLER, _plain)


def language() -> Language:
    """Language the reader asked for: ``--lang`` of the command line, else the environment, else Chinese."""
    words = sys.argv[1:]
    asked = [word for flag, word in pairwise(words) if flag == "--lang"]
    asked += [word.removeprefix("--lang=") for word in words if word.startswith("--lang=")]
    for lang in (*asked[-1:], os.environ.get(VARIABLE)):
        if lang in LANGUAGES:
            return lang
    return LANGUAGES[0]


def prepare() -> None:
    """Make both streams fit to be written: called once, before anything else.

    Closed descriptors are opened on the null device, so that no file of the program takes their
    number; a closed standard error becomes one that says nothing.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for good
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=HANDLER)


def message(text: str) -> None:
    """Write a line to standard error; if standard error is closed, the line is dropped."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
    except (OSError, ValueError):
        _drop(2)


def note(text: str) -> None:
    """Write a line to standard output, else to standard error: it says what was done elsewhere."""
    try:
        _write(f"{text}\n")
    except BrokenPipeError:
        _leave()
    except (OSError, ValueError):
        _drop(1)
        message(text)


def answer(text: str, *, json: bool = False) -> None:
    """Write an answer to standard output; keep it in a file if that does not take it.

    Parameters
    ----------
    text : str
        All of it, its last end of line included.
    json : bool
        Whether it is JSON, in which a character's code stands for the character.

    Raises
    ------
    SystemExit
        With 2 if the answer had to be kept elsewhere, with 141 if the reader has left.
    """
    global _escaped  # noqa: PLW0603 - see _plain
    _escaped = False
    try:
        _write(_ascii(text) if json and not _has_all(text) else text)
    except BrokenPipeError:
        _leave()
    except (OSError, ValueError) as error:
        _drop(1)
        _keep(
            text,
            reason(error) if isinstance(error, OSError) else str(error),
            ".json" if json else ".txt",
        )
        sys.exit(WRONG_INPUT)
    if _escaped:
        message(_say("escaped", encoding=sys.stdout.encoding))


def _write(text: str) -> None:
    if sys.stdout is None:
        raise OSError(_say("closed"))
    sys.stdout.write(text)
    sys.stdout.flush()


def _has_all(text: str) -> bool:
    """Whether standard output has every character."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _ascii(text: str) -> str:
    """Return the same JSON in ASCII: characters stand in strings only, where codes mean the same."""
    return "".join(
        c if c.isascii() else "".join(f"\\u{unit:04x}" for unit in _units(c)) for c in text
    )


def _units(character: str) -> list[int]:
    """UTF-16 code units of a character."""
    data = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[k : k + 2], "big") for k in range(0, len(data), 2)]


def _keep(text: str, why: str, ending: str) -> None:
    """Write an answer to a file of its own, or as the last resort to standard error."""
    for folder in (None, ".", Path.home()):
        try:
            handle, name = tempfile.mkstemp(prefix="xuchang-sim-", suffix=ending, dir=folder)
            path = Path(name)
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
                file.write(text)
        except (OSError, RuntimeError):
            continue
        message(_say("rescued", why=why, path=path.resolve()))
        return
    message(_say("lost", why=why))
    message(text)


def _drop(number: int) -> None:
    """Let what a stream still holds go to the null device: else Python's end would fail on it."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)
    except OSError:
        pass


def _leave() -> NoReturn:
    _drop(1)
    sys.exit(READER_LEFT)


def _say(key: str, **values: object) -> str:
    return say(f"output.{key}", language(), **values)
