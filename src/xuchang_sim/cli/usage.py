"""Errors in the words of a command, in the reader's language.

Typer words them in English and offers no other way than to match what it says.
"""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

from xuchang_sim.text import phrase

__all__ = ["UsageError", "is_usage", "lines"]


class UsageError(Protocol):
    """Part that this module reads of an error raised by Typer for the words of a command."""

    exit_code: int
    message: str

    def format_message(self) -> str:
        """Return the error as Typer words it."""


#: Typer's wordings, and the phrase with the same meaning. The named groups fill its placeholders.
WORDINGS: Final = tuple(
    (re.compile(text, re.DOTALL), f"usage.{key}")
    for text, key in (
        (r"No such command (?P<name>'.*')\.", "no_command"),
        (r"Missing command\.", "missing_command"),
        (r"Got unexpected extra argument\(s\) \((?P<words>.*)\)", "extra"),
        (r"No such option: (?P<name>\S+)", "no_option"),
        (r"No such option: (?P<name>\S+) \(Possible options: (?P<close>.*)\)", "close_option"),
        (r"Option (?P<name>'.*') requires an argument\.?", "no_value"),
        (r"Option (?P<name>'.*') does not take a value\.", "no_value_wanted"),
        (r"Missing argument (?P<name>'.*')\.(?P<more>.*)", "missing_argument"),
        (r"Missing option (?P<name>'.*')\.(?P<more>.*)", "missing_option"),
        (r"Invalid value for (?P<name>[^:(]*?)(?: \(env var: [^)]*\))?: (?P<fault>.*)", "invalid"),
    )
)
#: The same for what is wrong with a value.
FAULTS: Final = tuple(
    (re.compile(text, re.DOTALL), f"usage.{key}")
    for text, key in (
        (r"Input should be a valid integer.*", "not_whole"),
        (r"Input should be a valid number.*", "not_a_number"),
        (r"(?:Value error, )?(?P<value>'.*') is not one of (?P<choices>.*)\.", "no_choice"),
    )
)


def is_usage(error: BaseException) -> bool:
    """Whether an error is about the words of a command."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def lines(error: Any) -> list[str]:
    """Return the lines for an error of usage: how the command is used, what is wrong.

    Parameters
    ----------
    error : UsageError
        As Typer raised it.

    Returns
    -------
    list of str
        For a program without a command, its help alone.
    """
    context = getattr(error, "ctx", None)
    text = error.format_message()
    if context is None:
        return [phrase("usage.error", fault=_said(text))]
    if text == context.get_help():
        return [text]
    usage = " ".join(context.command.collect_usage_pieces(context))
    return [
        phrase("usage.usage", command=context.command_path, words=usage),
        phrase("usage.help", command=context.command_path),
        phrase("usage.error", fault=_said(text)),
    ]


def _said(text: str) -> str:
    for pattern, key in WORDINGS:
        if match := pattern.fullmatch(text):
            values = {name: value or "" for name, value in match.groupdict().items()}
            if "fault" in values:
                values["fault"] = _fault(values["fault"])
            return phrase(key, **values)
    return text


def _fault(text: str) -> str:
    for pattern, key in FAULTS:
        if match := pattern.fullmatch(text):
            return phrase(key, **match.groupdict())
    return text
