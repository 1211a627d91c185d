"""What asv takes for a benchmark is one: it calls by name whatever begins as a benchmark does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
PREFIXES = ("time_", "timeraw_", "mem_", "peakmem_", "track_")
#: What asv calls before and after the benchmarks of a module, in any spelling.
HOOKS = {"setup", "setup_cache", "teardown"}


def _given(node: ast.ClassDef) -> int:
    """Number of arguments that asv hands to the methods of a class: what was cached, parameters."""
    cached = any(
        isinstance(part, ast.FunctionDef) and part.name == "setup_cache" for part in node.body
    )
    for statement in node.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "params":
            lists = ast.Tuple | ast.List
            values = statement.value.elts if isinstance(statement.value, lists) else []
            nested = any(isinstance(each, lists) for each in values)
            return cached + (len(values) if nested else 1)
    return int(cached)


@pytest.mark.parametrize(
    "path", sorted(FOLDER.rglob("*.py")), ids=lambda path: "-".join(path.relative_to(FOLDER).parts)
)
def test_what_is_named_as_a_benchmark_can_be_called_as_one(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith(PREFIXES):
            assert not node.args.args, f"{path.name}: {node.name} takes arguments"
        if isinstance(node, ast.ImportFrom | ast.Import):
            names = {(name.asname or name.name).lower() for name in node.names}
            assert not names & HOOKS, f"{path.name}: asv would call {names & HOOKS}"
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name.startswith(PREFIXES):
                    taken = len(method.args.args) - len(method.args.defaults)
                    assert taken == 1 + _given(node), f"{path.name}: {node.name}.{method.name}"
