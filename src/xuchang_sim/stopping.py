"""Stopping: a command ended by SIGINT or SIGTERM says what was kept and how to go on.

The signal is raised as an exception of its own in the main thread, so that files half written are
removed and locks released on the way out. A second signal ends the program at once.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

from xuchang_sim.output import language
from xuchang_sim.text import say

#: Message about what a stopped command kept; by default, that it kept nothing.
_kept: Callable[[], str] = lambda: say("stopped.nothing", language())  # replaced by `keeps`


class Stopped(BaseException):
    """The user, or the system, asked the program to end.

    Attributes
    ----------
    number : int
        Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def code(self) -> int:
        """Exit code, as shells say it: 130 or 143."""
        return 128 + self.number

    def __str__(self) -> str:
        """Return one line for the reader: which signal, what was kept, how to go on."""
        name = signal.Signals(self.number).name
        return say("stopped.line", language(), name=name, kept=_kept())


def install() -> None:
    """Raise :class:`Stopped` on SIGINT and SIGTERM, in the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, _stop)
    sys.unraisablehook = _again


def keeps(kept: Callable[[], str]) -> None:
    """Set the message of a stopped command: what was kept, and how to go on."""
    global _kept  # noqa: PLW0603 - there is one command a process
    _kept = kept


def _stop(number: int, _frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)  # whoever asks twice does not wait
    raise Stopped(number)


def _again(dropped: sys.UnraisableHookArgs) -> None:
    """Ask again a moment later if the signal came where Python drops exceptions, as in ``__del__``."""
    if not isinstance(dropped.exc_value, Stopped):
        sys.__unraisablehook__(dropped)
        return
    install()
    number = dropped.exc_value.number
    if sys.platform == "win32":
        later = threading.Timer(0.01, _thread.interrupt_main, (number,))
    else:  # wakes the main thread if it waits
        later = threading.Timer(
            0.01, signal.pthread_kill, (threading.main_thread().ident or 0, number)
        )
    later.daemon = True
    later.start()
