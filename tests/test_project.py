"""The project itself: imports, versions, pins, wheel, and what must not stand in a tracked file."""

import ast
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import xuchang_sim

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tracked(*patterns: str) -> list[Path]:
    """Files under version control."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: only git knows which files are tracked")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def python(code: str) -> Any:
    """What a fresh interpreter prints, as JSON."""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert not done.stderr
    return json.loads(done.stdout)


def test_import_is_light() -> None:
    code = """
import json, sys, time
start = time.perf_counter()
import xuchang_sim
took = time.perf_counter() - start
print(json.dumps([took, sorted({name.partition(".")[0] for name in sys.modules})]))
"""
    runs = [python(code) for _ in range(3)]
    heavy = {"matplotlib", "mesa", "numpy", "pandas", "pyarrow", "scipy", "statsmodels"}
    assert heavy.isdisjoint(runs[0][1])
    assert min(took for took, _ in runs) < 0.05


def test_no_module_imports_itself_by_a_detour() -> None:
    """Imports inside functions and for the types alone count, too."""
    graph = grimp.build_graph("xuchang_sim")
    imports = {
        name: graph.find_modules_directly_imported_by(name)
        for name in graph.modules
        if name != "xuchang_sim"  # which loads its public names when they are first used
    }
    assert len(imports) > 100
    reached = {name: _below(name, imports) for name in imports}
    circles = {
        frozenset(b for b in reached[a] if a in reached[b]) for a in imports if a in reached[a]
    }
    assert sorted(map(sorted, circles)) == []


def test_a_long_module_says_why_it_is_one() -> None:
    """A module over 600 lines gives the reason in its first lines: two jobs would be two modules."""
    long = [
        path for path in tracked("src/**/*.py") if len(path.read_text("utf-8").splitlines()) > 600
    ]
    assert long
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in long
        if "\nOne module because " not in "\n".join(path.read_text("utf-8").splitlines()[:6])
    ]
    assert silent == []


def _below(name: str, imports: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        new = imports.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found & imports.keys()


#: Factors between units of money, area and time that nobody should type.
FACTORS = {1e4, 1e8, 1e-4, 1e-8, 1200.0, 10000 / 15, 15 / 10000}


def test_no_factor_between_units_is_typed_by_hand() -> None:
    """Units have one table; the rules, which may not import it, keep factors of their own."""
    found = []
    for path in sorted((ROOT / "src" / "xuchang_sim").rglob("*.py")):
        if path.name == "units.py" or "model" in path.relative_to(ROOT).parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            id(n) for line in tree.body if isinstance(line, ast.Assign) for n in ast.walk(line)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult | ast.Div):
                continue
            typed = [
                side.value
                for side in (node.left, node.right)
                if isinstance(side, ast.Constant) and side.value in FACTORS
            ]
            if typed and id(node) not in named:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {typed[0]}")
    assert found == []


@pytest.mark.parametrize("name", sorted(xuchang_sim.__all__))
def test_public_names_load(name: str) -> None:
    assert name in dir(xuchang_sim)
    assert getattr(xuchang_sim, name) is getattr(xuchang_sim, name)


def test_public_names_do_not_depend_on_what_was_imported_first() -> None:
    """``assess`` is a function and a module: the package offers the function, always."""
    code = """
import importlib, json
importlib.import_module("xuchang_sim.answers.assess")
import xuchang_sim
print(json.dumps([callable(xuchang_sim.assess), xuchang_sim.assess.__name__]))
"""
    assert python(code) == [True, "assess"]


def test_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'matrixes'"):
        _ = xuchang_sim.matrixes  # type: ignore[attr-defined]


def test_one_version_everywhere() -> None:
    version = xuchang_sim.__version__
    assert importlib.metadata.version("xuchang-sim") == version
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == version
    assert [entry["number"] for entry in citation["references"]] == ["许政办[2012]37号"]


def test_types_are_published() -> None:
    assert Path(xuchang_sim.__file__).with_name("py.typed").is_file()


def test_docstrings_are_right() -> None:
    """Sections of numpydoc may be left out; those that are there agree with the code."""
    files = [str(path) for path in sorted((ROOT / "src").rglob("*.py"))]
    command = [sys.executable, "-m", "numpydoc", "lint", *files]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_pages_build(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "--quiet",
        "--fail-on-warning",
        "docs",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").is_file()


# Written so that this file does not find itself.
FORBIDDEN = re.compile(
    r"py[p]i\.(org|python)|python[h]osted|npm[j]s\.|[d]eb\.debian|ghc[r]\.io"
    r"|(?<![\w.])/(wor[k]|tm[p]|roo[t]|hom[e]/\w+|User[s]/\w+)/",
)


def test_no_registry_host_or_machine_path_is_tracked() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = text.splitlines()
        found += [
            f"{path.name}:{i}: {line}" for i, line in enumerate(lines, 1) if FORBIDDEN.search(line)
        ]
    assert not found


def pins(kind: str) -> dict[str, list[Requirement]]:
    """Pinned releases by package; two where they differ by Python."""
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    entries: dict[str, list[Requirement]] = {}
    for block in re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", text)):
        head, *hashes = block.replace("\\\n", " ").strip().split(" --hash=sha256:")
        requirement = Requirement(head.strip())
        assert hashes, f"{head} has no hash"
        assert str(requirement.specifier).startswith("=="), head
        entries.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return entries


def test_pins_name_no_host() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search(r"(?m)^\s*-(-index|-extra|i |f )", text)


@pytest.mark.parametrize("kind", ["runtime", "dev", "compiler"])
def test_every_dependency_is_pinned(kind: str) -> None:
    held = pins(kind)
    own = dict(PROJECT["dependency-groups"])
    compiler = own.pop("compiler")
    asked = [*PROJECT["project"]["dependencies"], *own["build"]]
    if kind == "compiler":
        asked = compiler
    if kind == "dev":
        groups = own.values()
        extras = PROJECT["project"]["optional-dependencies"].values()
        asked += [
            entry for group in [*groups, *extras] for entry in group if isinstance(entry, str)
        ]
    for requirement in map(Requirement, asked):
        for pin in held[canonicalize_name(requirement.name)]:
            (exact,) = pin.specifier
            assert requirement.specifier.contains(exact.version), f"{pin} against {requirement}"


def test_runtime_pins_are_among_the_development_pins() -> None:
    development = pins("dev")
    for name, requirements in pins("runtime").items():
        assert {str(r.specifier) for r in requirements} <= {
            str(r.specifier) for r in development[name]
        }


def test_no_pin_has_a_published_advisory(tmp_path: Path) -> None:
    """As far as is known here; and an old pin is found."""
    script = ROOT / "requirements" / "advisories.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
    for name in ("advisories.py", "advisories.csv"):
        shutil.copyfile(ROOT / "requirements" / name, tmp_path / name)
    (tmp_path / "dev.txt").write_text("setuptools==59.8.0 ; sys_platform == 'darwin' \\\n", "utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "advisories.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "dev.txt: setuptools==59.8.0: CVE-2024-6345" in done.stdout


def test_each_python_has_its_mesa() -> None:
    """From 3.12 on a later mesa is resolved; only what both offer may be used."""
    old, new = sorted(str(pin.specifier) for pin in pins("runtime")["mesa"])
    assert old == "==3.3.1"
    assert new.startswith("==3.5.")


def test_wheel_carries_code_pack_scenarios_and_notebooks(tmp_path: Path) -> None:
    """Built without a network, from what is tracked; the package starts out of the wheel itself."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith("xuchang_sim/")}
    tops = {"src/xuchang_sim": "", "scenarios": "scenarios/", "notebooks": "notebooks/"}
    for top, inside in tops.items():
        files = tracked(top)
        assert files, f"nothing is tracked under {top}"
        wanted = {f"xuchang_sim/{inside}{f.relative_to(ROOT / top).as_posix()}" for f in files}
        assert wanted <= names
    assert any(re.fullmatch(r"xuchang_sim/pack/data/\w+/document\.txt", name) for name in names)
    code = f"import json, sys; sys.path.insert(0, {str(wheel)!r}); import xuchang_sim as x; "
    version, path = python(code + "print(json.dumps([x.__version__, x.__file__]))")
    assert version == xuchang_sim.__version__
    assert path.startswith(str(wheel))
