#!/usr/bin/env -S uv run --script

# /// script
# dependencies = ["nox>=2025.2.9"]
# ///
"""The checks of `make test` on several Pythons, each in an environment of its own."""

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"


def install(session: nox.Session) -> None:
    """Install the pinned requirements, then this package."""
    session.install("--require-hashes", "--no-deps", "-r", "requirements/dev.txt")
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")


@nox.session(default=True)
def lint(session: nox.Session) -> None:
    """Style, types and structure."""
    install(session)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("sp-repo-review", ".")
    session.run("lint-imports")


@nox.session(python=["3.11", "3.12", "3.13"], default=True)
def tests(session: nox.Session) -> None:
    """Every test, on each Python."""
    install(session)
    session.run("pytest", "--numprocesses", "2", *session.posargs)


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Build the pages, warnings as errors."""
    install(session)
    session.run("sphinx-build", "--fail-on-warning", "docs", "docs/_build")


if __name__ == "__main__":
    nox.main()
