"""The YAML dialect: what reads as what, and one line for what does not."""

import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from xuchang_sim.yamlfile import MAX_PROBLEMS, InputError, Problem, Source, read_yaml


def read(folder: Path, content: bytes | str) -> tuple[Source | None, list[Problem]]:
    path = folder / "file.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    problems: list[Problem] = []
    return read_yaml(path, problems), problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("1.5E-2", 0.015),
        (".5", 0.5),
        ("5.", 5.0),
        ("+3", 3),
        ("-0", 0),
        ("0", 0),
        ("0.25", 0.25),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("'300'", "300"),
        ('"true"', "true"),
        ("2012-04-25", "2012-04-25"),
        ("12:30:45", "12:30:45"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("２０００", "２０００"),
        ("nan", "nan"),
        ("300亩", "300亩"),
        ("-", None),
        ("<<", "<<"),
    ],
)
def test_scalars(tmp_path: Path, text: str, value: object) -> None:
    source, problems = read(tmp_path, f"key: {text}\n")
    if text == "-":
        assert "is not YAML" in str(problems[0])
        return
    assert problems == []
    assert source is not None
    assert source.data == {"key": value}
    assert type(source.data["key"]) is type(value)


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", b"a: 1\rb: 2\r", b"a: 1\nb: 2"]
)
def test_marks_and_line_ends_do_not_matter(tmp_path: Path, content: bytes) -> None:
    source, problems = read(tmp_path, content)
    assert source is not None
    assert source.data == {"a": 1, "b": 2}
    assert source.line(["b"]) == 2
    assert problems == []


FAULTS: list[tuple[str, bytes | str, str, int, str]] = [
    ("duplicate key", "a: 1\nb: 2\na: 3\n", "a", 3, "duplicate key, first in line 1"),
    ("duplicate nested key", "a:\n  - {x: 1, x: 2}\n", "a[0].x", 2, "duplicate key"),
    (
        "python tag",
        "a: !!python/object/apply:os.system [ls]\n",
        "a",
        1,
        "tag 'tag:yaml.org,2002:py",
    ),
    ("any tag", "a: !!str 1\n", "a", 1, "allowed: no tags"),
    ("anchor", "a: &x 1\n", "a", 1, "anchor &x"),
    ("alias", "a: &x [1]\nb: *x\n", "b", 2, "alias *x; allowed: write the value out"),
    ("merge key", "a: &x {p: 1}\nb:\n  <<: *x\n", 'b."<<"', 3, "alias *x"),
    ("alias as key", "a: &x 1\n*x : 2\n", "", 2, "alias *x"),
    ("list as key", "? [1, 2]\n: 3\n", "", 1, "a list or mapping as key"),
    ("nan", "a: [1, .nan]\n", "a[1]", 1, ".nan is not a number; allowed: finite numbers"),
    ("infinity", "a: -.inf\n", "a", 1, "-.inf is not a number"),
    ("overflow", "a: 1e999\n", "a", 1, "1e999 is not a finite number"),
    ("long number", f"a: {'9' * 5000}\n", "a", 1, "a number of 5000 characters"),
    ("leading zero", "a: 010\n", "a", 1, "010 starts with a zero"),
    ("tab", "a:\n\tb: 1\n", "", 2, "a tab at the start of the line; allowed: indent with spaces"),
    ("two colons", "a: b: c\n", "", 1, "a second ': ' in one line"),
    ("open bracket", "a: [1, 2\nb: 3\n", "", 2, "is not YAML"),
    ("open quote", "a: 'x\nb: 3\n", "", 3, "is not YAML"),
    ("bad indent", "a:\n   b: 1\n  c: 2\n", "", 3, "is not YAML"),
    ("second document", "a: 1\n---\nb: 2\n", "", 2, "a second document"),
    ("control character", "a: 1\nb: x\x07y\n", "", 2, "control character '\\x07'"),
    ("nul", b"a: 1\n\x00", "", 2, "control character '\\x00'"),
    ("gbk", "a: 1\nb: 许昌\n".encode("gbk"), "", 2, "it reads as GBK: save it as UTF-8"),
    ("utf-16", "a: 1\n".encode("utf-16"), "", 1, "is UTF-16; allowed: UTF-8"),
    ("garbage", b"a: \xff\xff\xff\n", "", 1, "is not UTF-8 (of unknown encoding)"),
    ("deep flow", "a: " + "[" * 100_000, "", 1, "too many levels of nesting; allowed: at most 16"),
    ("deep block", "- " * 50_000, "", 1, "too many levels of nesting"),
    (
        "many values",
        "[" + "1," * 150_000 + "1]",
        "",
        1,
        "too many values; allowed: at most 100,000",
    ),
    ("big file", b"a: 1 # " + b"x" * (2 << 20), "", 0, "is too big; allowed: at most 1,048,576"),
]


@pytest.mark.parametrize(
    ("content", "path", "line", "message"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_faults(tmp_path: Path, content: bytes | str, path: str, line: int, message: str) -> None:
    _, problems = read(tmp_path, content)
    first = [problem for problem in problems if message in problem.message]
    assert first, problems
    assert (first[0].path, first[0].line) == (path, line)
    text = str(first[0])
    assert "\n" not in text
    assert text.startswith(f"{tmp_path / 'file.yaml'}" + (f":{line}: " if line else ": "))
    assert len(text) - len(str(tmp_path)) < 300


def test_a_bomb_of_aliases_never_grows(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60)
    )
    _, problems = read(tmp_path, bomb)
    assert len(problems) == MAX_PROBLEMS + 1
    assert "too many faults" in problems[-1].message


@pytest.mark.parametrize("size", [100 << 20, 4 << 30])
def test_a_huge_file_costs_neither_time_nor_memory(tmp_path: Path, size: int) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(size)
    problems: list[Problem] = []
    tracemalloc.start()
    begun = time.perf_counter()
    assert read_yaml(path, problems) is None
    seconds, peak = time.perf_counter() - begun, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "is too big" in problems[0].message
    assert seconds < 1
    assert peak < 8 << 20


@pytest.mark.parametrize(
    "content", ["[" * 900_000, "{a: " * 200_000, "- " * 500_000, "? " * 500_000, "a: &a " * 9]
)
def test_nesting_ends_early(tmp_path: Path, content: str) -> None:
    begun = time.perf_counter()
    source, problems = read(tmp_path, content)
    assert source is None
    assert problems
    assert time.perf_counter() - begun < 1


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    _, problems = read(tmp_path, "a: .nan\na: 1\nb: !x y\nc: 007\nd: &q 1\ne: *q\n")
    assert [problem.line for problem in problems] == [1, 2, 3, 4, 5, 6]
    text = str(InputError(problems))
    assert len(text.splitlines()) == 6


def test_an_error_of_many_faults_stays_short() -> None:
    text = str(InputError(Problem("f", "", n, "wrong") for n in range(1, 5000)))
    assert len(text.splitlines()) == MAX_PROBLEMS + 1
    assert text.endswith("... and 4899 more")


@pytest.mark.parametrize("name", ["missing.yaml", "folder", "a\0b"])
def test_what_is_not_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    problems: list[Problem] = []
    assert read_yaml(tmp_path / name, problems) is None
    assert problems[0].message in {"no such file", "is not a regular file"}


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
        st.text("ab:[]{}-?!&*|>%@`'\"#,\n\t 01.", max_size=80).map(str.encode),
    )
)
def test_nothing_but_problems_comes_out_of_any_bytes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    source, problems = read(tmp_path_factory.getbasetemp(), content)
    assert source is not None or problems
    assert all("\n" not in str(problem) for problem in problems)
