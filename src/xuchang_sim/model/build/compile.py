"""Compile the C text of the rules: find a compiler, call it with the flags that keep every bit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from xuchang_sim.text import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Flags that decide bits; a test reads them in every library. Whole numbers wrap, products are not
#: fused into sums (clang's default for C), ``sqrt`` is the instruction, and other views of the same
#: memory are seen.
STRICT = (
    *("-std=c11", "-fwrapv", "-ffp-contract=off", "-fno-math-errno", "-fno-strict-aliasing"),
    *("-fno-sanitize=all", "-fvisibility=hidden", "-fPIC"),
)
#: Flags by which gcc vectorises the loops that clang vectorises; no bit depends on them. Its search for
#: partly redundant values turns limits, as of the argument of ``exp``, into branches before loops are vectorised.
GCC = ("-O3", "-fno-trapping-math", "-fno-semantic-interposition", "-fno-tree-pre")
#: Nothing is thrown through a rule: tables for unwinding the stack would only fill the wheel, and so would
#: room left before loops, without which the rules are as fast.
CLANG = ("-O2", "-falign-loops=1", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables")
#: For processors of before 2013 alone; unrolled loops are a fifth of a library, and a third of its speed.
SMALL = ("-fno-unroll-loops",)
QUIET = ("-Wno-unused", "-Wno-unknown-warning-option")
WASM = ("-mbulk-memory", "-msign-ext", "-Wl,--no-entry", "-Wl,--export-dynamic")
#: Vectors of 512 bits pay in long loops only. Here loops are as long as a zone has firms or months, and
#: what is stored in small pieces is read back at once: the whole chunk took 1.56 times as long.
V4 = ("-march=x86_64_v4", "-mprefer-vector-width=256")
#: A library without the C library: the few functions that a compiler may ask for are given.
ALONE = ("-nostdlib", "-DALONE")


class CompilerError(RuntimeError):
    """The rules cannot be compiled here; the message says what to do."""


class NoCompilerError(CompilerError):
    """There is no compiler."""

    def __init__(self) -> None:
        super().__init__(phrase("rules.no_compiler"))


class Compiler(NamedTuple):
    """A C compiler: its name, and the words by which it is called."""

    name: str
    words: tuple[str, ...]

    def command(self, target: Target | None, flags: tuple[str, ...]) -> list[str]:
        """Return the words that compile for a target (none: this machine), without the files."""
        level = GCC if self.name in {"cc", "gcc"} else CLANG
        words = [*self.words, *STRICT, *level, *flags]
        if target is None:
            return words
        if self.name == "zig":
            return [*words, "-target", target.zig, *target.flags]
        return [*words, *(flag.replace("x86_64_v", "x86-64-v") for flag in target.flags)]


class Target(NamedTuple):
    """A kind of machine: its name in file names, zig's name, flags, end of a library's name."""

    name: str
    zig: str
    flags: tuple[str, ...]
    ending: str


TARGETS = {
    target.name: target
    for target in (
        Target("linux-x86_64-v4", "x86_64-linux-gnu.2.17", V4, ".so"),
        Target("linux-x86_64-v3", "x86_64-linux-gnu.2.17", ("-march=x86_64_v3",), ".so"),
        Target("linux-x86_64", "x86_64-linux-gnu.2.17", SMALL, ".so"),
        Target("linux-aarch64", "aarch64-linux-gnu.2.17", (), ".so"),
        Target("macos-arm64", "aarch64-macos", (), ".dylib"),
        Target("macos-x86_64", "x86_64-macos", (), ".dylib"),
        Target("windows-x86_64", "x86_64-windows-gnu", (*ALONE, "-Wl,--no-entry"), ".dll"),
        Target("windows-arm64", "aarch64-windows-gnu", (*ALONE, "-Wl,--no-entry"), ".dll"),
        Target("wasm32", "wasm32-freestanding", (*ALONE, *WASM), ".wasm"),
    )
}


def compilers() -> list[Compiler]:
    """Return the compilers of this machine, the best first: clang, zig, whatever is called cc.

    ``XUCHANG_SIM_CC`` names one of them: clang, zig, cc or gcc.
    """
    available = []
    if path := shutil.which("clang"):
        available.append(Compiler("clang", (path,)))
    if find_spec("ziglang"):
        available.append(Compiler("zig", (sys.executable, "-m", "ziglang", "cc")))
    available += [Compiler(name, (path,)) for name in ("cc", "gcc") if (path := shutil.which(name))]
    chosen = os.environ.get("XUCHANG_SIM_CC", "")
    return [each for each in available if each.name == chosen] if chosen else available


def compile_text(
    text: str,
    path: Path,
    digest: str,
    compiler: Compiler,
    target: Target | None = None,
    flags: tuple[str, ...] = (),
) -> None:
    """Compile a C text to a library, whole or not at all.

    Parameters
    ----------
    text : str
        What ``translate`` returned.
    path : Path
        The library.
    digest : str
        What the library is to say of itself.
    compiler : Compiler
        One of :func:`compilers`.
    target : Target, optional
        Another machine than this; zig only.
    flags : tuple of str
        Further flags: ``-DFIXED`` for the usual sizes, ``-DCHECKED`` for a check of every index.

    Raises
    ------
    CompilerError
        If the compiler fails; the message is its first error.
    """
    names = () if sys.platform == "darwin" or "-DCHECKED" in flags else ("-s",)
    command = compiler.command(target, (*flags, *QUIET, *names))
    about = json.dumps(
        {"digest": digest, "compiler": compiler.name, "flags": command[len(compiler.words) :]}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".building-") as folder:
        source, made = Path(folder) / "rules.c", Path(folder) / f"rules{path.suffix}"
        said = f"EXPORT const char *xs_about(void) {{ return {json.dumps(about)}; }}\n"
        source.write_text(text + said, encoding="ascii")
        kind = () if path.suffix == ".wasm" else ("-shared",)
        whole = [*command, *kind, str(source), "-o", str(made)]
        done = subprocess.run(whole, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line]
            message = f"{compiler.name}: {lines[0] if lines else done.stderr.strip() or 'failed'}"
            raise CompilerError(message)
        made.replace(path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time build in a folder; the others wait and find what it made."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl  # noqa: PLC0415

            fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file unlocks it
