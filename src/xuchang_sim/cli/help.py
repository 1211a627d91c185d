"""Help of the commands in the reader's language; its words stand in the text catalogue, group ``help``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand, TyperGroup

from xuchang_sim.output import language
from xuchang_sim.text import has, say

if TYPE_CHECKING:
    from collections.abc import Sequence

#: English words that Typer sets around the help of a command, and the phrases that replace them.
FRAME: Final = tuple(
    (re.compile(pattern, re.MULTILINE), f"help.frame.{name}")
    for pattern, name in (
        (r"^Usage: ", "usage"),
        (r"^Options:$", "options"),
        (r"^Arguments:$", "arguments"),
        (r"^Commands:$", "commands"),
        (r"\brequired\]", "required"),
        (r"\bdefault: ", "default"),
        (r"\benv var: ", "variable"),
    )
)


def key_of(command: str, parameter: str) -> str:
    """Return the key of a parameter's help: the command's own, else what all commands share."""
    own = f"help.{command}.{parameter}"
    return own if has(own) else f"help.any.{parameter}"


class _Spoken:
    """Part that commands and the program share."""

    def get_help(self, ctx: Any) -> str:
        """Return the help as it is printed, its frame in the reader's language."""
        text: str = super().get_help(ctx)  # type: ignore[misc] # a mixin
        for pattern, key in FRAME:
            text = pattern.sub(say(key, language()), text)
        return text

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option ``--help``."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = say("help.any.help", language())
        return option


class Command(_Spoken, TyperCommand):
    """A command whose help speaks the reader's language."""


class Program(_Spoken, TyperGroup):
    """The program, which gives its commands and options their help when they are asked for."""

    def get_help(self, ctx: Any) -> str:
        """Return the help of the program as it is printed."""
        self.help = say("help.program", language())
        _give(self.params, "program")
        return super().get_help(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command whose summary and options are in the reader's language."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.help = command.short_help = say(f"help.{cmd_name}", language())
            _give(command.params, cmd_name)
        return command


def _give(params: Sequence[Any], command: str) -> None:
    """Give the parameters of a command their help in the reader's language."""
    for each in params:
        each.help = say(key_of(command, each.name), language())
