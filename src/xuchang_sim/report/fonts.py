"""Fonts: families that have the characters a figure shows, or a plain word that none is there."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from xuchang_sim.deferred import deferred
from xuchang_sim.text import Language, say

with deferred():
    from matplotlib import font_manager, ft2font

#: Families with Chinese, the best first: free ones of Linux, then what Windows and macOS bring.
SEARCH = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans CJK JP",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "SimHei",
    "SimSun",
    "Arial Unicode MS",
)
#: Parts of file names of the same fonts, for those installed after matplotlib made its list.
FILES = ("notosanscjk", "notosanssc", "sourcehansans", "wqy", "msyh", "pingfang", "simhei")
LATIN = "DejaVu Sans"
#: Characters a family must have before it is used at all.
SAMPLE = "城市产业集聚区固定资产投资亿元概率需求审批"


@cache
def families() -> tuple[str, ...]:
    """Families with Chinese on this machine, the best first, each with all of `SAMPLE`."""
    lines = _listed()
    if not lines and _added():
        lines = _listed()
    return lines


def _listed() -> tuple[str, ...]:
    files: dict[str, str] = {}
    for entry in font_manager.fontManager.ttflist:
        files.setdefault(entry.name, entry.fname)
    return tuple(name for name in SEARCH if name in files and covers(files[name], SAMPLE))


def _added() -> bool:
    """Tell matplotlib of fonts that came after it made its list."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    new = False
    for path in font_manager.findSystemFonts():
        if path not in known and Path(path).name.lower().startswith(FILES):
            try:
                font_manager.fontManager.addfont(path)
            except (OSError, RuntimeError):  # a damaged file is no font
                continue
            new = True
    return new


@cache
def _characters(file: str) -> frozenset[int]:
    try:
        return frozenset(ft2font.FT2Font(file).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


def covers(file: str, text: str) -> bool:
    """Whether a font file has every character of a text."""
    return {ord(c) for c in text if not c.isspace()} <= _characters(file)


def speakable(lang: Language) -> Language:
    """Language in which figures can be drawn here: the one asked for, or English.

    Without a font for Chinese the labels are English, and one line says so, once.
    """
    if lang == "en" or families():
        return lang
    _complain()
    return "en"


@cache
def _complain() -> None:
    logging.getLogger(__name__).warning(say("figure.no_font", "en"))


def stack(lang: Language) -> list[str]:
    """Families for a text, in the order in which each character is looked up."""
    chinese = list(families())
    return [*chinese, LATIN] if lang == "zh" else [LATIN, *chinese]
