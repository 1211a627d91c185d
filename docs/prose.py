"""Check the prose of docstrings, comments and pages: plain words, and no clause as a subject.

Run as ``python docs/prose.py``; every hit is one line with its place and a plainer way to say it. Code between
backquotes, code blocks and examples are not read.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md")
SOURCES = ("src/xuchang_sim", "docs", "benchmarks")

#: Words of no reader, and what to write. A sentence is searched whole, its case aside.
VOCABULARY = {
    r"\btold\b": "reported, stated, detected",
    r"\bnought\b": "zero",
    r"\bwished\b": "requested, desired",
    r"\bthe some\b": "the subsample",
    r"\bso many\b": "a number of, this many",
    r"\b(?:is|are|be|was|were) said\b": "reported, stated",
    r"\bsaid of\b": "about",
    r"\bwhat is found\b": "the result",
    r"\bthe found\b": "the result",
    r"\bpoints of per cent\b": "percentage points",
    r"\bnone the less\b": "still",
    r"\bhowsoever\b|\bwhence\b|\bthereof\b|\bwhereof\b": "a plain word",
}
#: How no sentence begins unless it asks: the subject should be a noun.
CLAUSE = re.compile(r"(?:What|Who|Whoever|Whatever|Whichever)\b")


def sentences(text: str) -> Iterator[str]:
    """Sentences of a text: paragraphs and entries of lists stand apart."""
    for paragraph in re.split(r"\n\s*\n|\n\s*(?:[-*|]|\d+\.) ", text):
        flat = re.sub(r"\s+", " ", paragraph).strip(" #*|-")
        yield from re.split(r"(?<=[.:!?]) (?=[A-Z`*])", flat)


def faults(text: str) -> Iterator[tuple[str, str]]:
    """Sentences that are not plain, each with what to write.

    Examples
    --------
    >>> list(faults("What is kept is told of. Zero is written 0."))
    [('What is kept is told of.', 'told: reported, stated, detected'), ('What is kept is told of.', 'a noun as subject')]
    """
    for sentence in sentences(text):
        for pattern, instead in VOCABULARY.items():
            if hit := re.search(pattern, sentence, re.IGNORECASE):
                yield sentence, f"{hit[0].lower()}: {instead}"
        if CLAUSE.match(sentence) and not re.search(r"\?[*\"]*$|\?\*\* ", sentence):
            yield sentence, "a noun as subject"


def prose_of_source(source: str) -> Iterator[tuple[int, str]]:
    """Docstrings and comments of a module by their first line; examples and names of parameters aside."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str):
                text = re.sub(r"(?m)^\s*>>>.*$|^\s*\w[\w, *]* : .*$|``[^`]*``|`[^`]*`", "_", text)
                yield node.lineno, text
    held: list[str] = []
    first = last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if held and token.start[0] != last + 1:
            yield first, " ".join(held)
            held = []
        first = first if held else token.start[0]
        held.append(token.string.lstrip("#: "))
        last = token.start[0]
    if held:
        yield first, " ".join(held)


def prose_of_page(text: str) -> Iterator[tuple[int, str]]:
    """Paragraphs of a page by their first line; headings, code, output and comments aside."""
    plain = re.sub(
        r"```.*?```|<!--.*?-->|``[^`]*``|`[^`]*`|\$[^$]*\$|(?m:^#[^\n]*$)",
        lambda found: re.sub(r"[^\n]+", "_", found[0]),
        text,
        flags=re.DOTALL,
    )
    line = 1
    for part in re.split(r"(\n\s*\n)", plain):
        yield line, part
        line += part.count("\n")


def check(root: Path = ROOT) -> list[str]:
    """Return one line for everything that is not plain in the prose below a folder."""
    found = []
    for pattern in PAGES:
        for path in sorted(root.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            if path.name == "CHANGELOG.md":  # what was released stays as it was written
                text = "\n## ".join(text.split("\n## ")[:2])
            found += [(path, *hit) for hit in prose_of_page(text)]
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*.py")):
            if path.name != Path(__file__).name:
                source = path.read_text(encoding="utf-8")
                found += [(path, *hit) for hit in prose_of_source(source)]
    return [
        f"{path.relative_to(root)}:{line}: {instead}: {sentence[:100]}"
        for path, line, text in found
        for sentence, instead in faults(text)
    ]


if __name__ == "__main__":
    hits = check()
    sys.stderr.writelines(f"{hit}\n" for hit in hits)
    sys.exit(bool(hits))
