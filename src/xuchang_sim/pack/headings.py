"""Headings: the numbered paragraphs of an official document (三, then （一）, then 2), and what stands in each."""

from __future__ import annotations

import re
from typing import Final

_HAN: Final = "一二三四五六七八九十百"
#: Levels of headings at the beginning of a line, the highest first.
_LEVELS: Final = (
    re.compile(rf"\s*(?P<name>[{_HAN}]+)、"),
    re.compile(rf"\s*[（(](?P<name>[{_HAN}]+)[）)]"),
    re.compile(r"\s*(?P<name>\d{1,2})[.．、](?!\d)"),
)
_LABEL: Final = re.compile(rf"[{_HAN}]+(?:$|[（(])")


def is_label(text: str) -> bool:
    """Whether a text is meant to be the number of a paragraph, as 三（一）2 is and `head` is not."""
    return _LABEL.match(text) is not None


def paragraphs(document: str) -> dict[str, str]:
    r"""Text of each numbered paragraph by its label, with all that is below it.

    Parameters
    ----------
    document : str
        Text of an official document.

    Returns
    -------
    dict of str to str
        Labels as 三, 三（一） and 三（一）2; empty if the document has no such headings.

    Examples
    --------
    >>> list(paragraphs("一、目标\n（一）收入。\n1.工业。\n二、措施\n"))
    ['一', '一（一）', '一（一）1', '二']
    """
    result: dict[str, str] = {}
    above: list[str] = []
    for line in document.splitlines(keepends=True):
        for level, pattern in enumerate(_LEVELS):
            match = pattern.match(line)
            if match and len(above) >= level:
                name = f"（{match['name']}）" if level == 1 else match["name"]
                above = [*above[:level], "".join(above[level - 1 : level]) + name]
                result.setdefault(above[-1], "")
                break
        for label in above:
            result[label] += line
    return result
