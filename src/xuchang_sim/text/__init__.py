"""Every phrase that a reader sees, by language: one YAML file a language in this folder.

The files map a key to a phrase with named placeholders: groups of one level, phrases in double quotes. The tests hold that all languages have the same keys
and the same placeholders. A third language is one more file; where a pack gives no label in that language,
its English label is shown.
"""

from __future__ import annotations

import errno
import json
import os
import re
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = Path(__file__).parent

Language = str
"""Code of a language: the name of a file in this folder (``zh``, ``en``)."""

#: Languages there are; the first is the default.
LANGUAGES: tuple[Language, ...] = tuple(
    sorted((path.stem for path in _FOLDER.glob("*.yaml")), key=lambda name: (name != "zh", name))
)

VARIABLE: Final = "XUCHANG_SIM_LANG"
"""Environment variable with the language of messages; child processes inherit it."""

#: A line of a file: a group, or the name and the text of a phrase. No reader of YAML is needed, so
#: that the programs that compile the rules, which have none, can speak.
_ENTRY = re.compile(r'( {2})?([\w.]+):(?: (".*"))?')

_spoken: ContextVar[Language | None] = ContextVar("language of messages", default=None)


def language() -> Language:
    """Return the language of messages: that of `speaking`, else of the environment, else English.

    The command line sets the variable ``XUCHANG_SIM_LANG`` to the language its reader asked for. A Python
    program that sets nothing reads English.

    Examples
    --------
    >>> with speaking("zh"):
    ...     language()
    'zh'
    """
    asked = _spoken.get() or os.environ.get(VARIABLE)
    return asked if asked in LANGUAGES else "en"


@contextmanager
def speaking(lang: Language) -> Iterator[None]:
    """Write the messages of this thread in a language while the context lasts.

    Parameters
    ----------
    lang : str
        One of `LANGUAGES`.

    Raises
    ------
    KeyError
        If there is no such language.

    Examples
    --------
    >>> with speaking("zh"):
    ...     phrase("file.none")
    '没有这个文件'
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    token = _spoken.set(lang)
    try:
        yield
    finally:
        _spoken.reset(token)


@cache
def phrases(lang: Language) -> dict[str, str]:
    """Return all phrases of a language by their keys (``group.name``).

    Parameters
    ----------
    lang : str
        One of `LANGUAGES`.

    Returns
    -------
    dict
        Key to phrase, in the order of the file.

    Raises
    ------
    KeyError
        If there is no such language.
    ValueError
        If a line of the file is neither a group nor a phrase, or a key stands twice.

    Examples
    --------
    >>> phrases("en")["compare.year"]
    'year'
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    known: dict[str, str] = {}
    keys: set[str] = set()  # of the top level: groups, and phrases that are in none
    group = ""
    path = _FOLDER / f"{lang}.yaml"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        entry = _ENTRY.fullmatch(line)
        if entry is None:
            message = f"{path.name}:{number}: neither a group nor a phrase in double quotes"
            raise ValueError(message)
        indent, name, text = entry.groups()
        key = f"{group}.{name}" if indent else name
        if key in known or (not indent and key in keys):
            message = f"{path.name}:{number}: {key} stands twice"
            raise ValueError(message)
        if not indent:
            keys.add(name)
        if text is None:
            group = name
        else:
            known[key] = json.loads(text)
    return known


def has(key: str) -> bool:
    """Return whether there is a phrase under a key.

    Examples
    --------
    >>> has("compare.year"), has("compare.nothing")
    (True, False)
    """
    return key in phrases(LANGUAGES[0])


def say(key: str, lang: Language, **values: object) -> str:
    """Return a phrase in a language with its placeholders filled.

    Raises
    ------
    KeyError
        If the language, the phrase or a placeholder is missing.

    Examples
    --------
    >>> say("by", "en", month="2012-10")
    'by 2012-10'
    """
    return phrases(lang)[key].format(**values)


def phrase(key: str, /, **values: object) -> str:
    """Return a message in the language of messages (see `language`), with its placeholders filled.

    Raises
    ------
    KeyError
        If the phrase or a placeholder is missing.

    Examples
    --------
    >>> phrase("file.too_big", limit=1024)
    'is too big; allowed: at most 1,024 bytes'
    """
    return phrases(language())[key].format(**values)


def reason(error: OSError) -> str:
    """Return why the system refused a call, in the language of messages; else in the system's own words.

    Examples
    --------
    >>> with speaking("zh"):
    ...     reason(PermissionError(errno.EACCES, "Permission denied"))
    '没有权限'
    """
    key = f"errno.{errno.errorcode.get(error.errno or 0, '')}"
    return phrase(key) if has(key) else error.strerror or str(error)


def one_language(text: str, lang: Language) -> str:
    """Return one language's half of a text written in both (``中文 · English``); others stay whole.

    Examples
    --------
    >>> one_language("无 · none", "en")
    'none'
    """
    zh, dot, en = text.partition(" · ")
    return zh if lang == "zh" or not dot else en


def _attribute(thing: Any, what: str, lang: Language) -> str:
    """Return ``what_lang`` of a thing of a pack, or its English where the pack has no such language."""
    text: str = getattr(thing, f"{what}_{lang}", None) or getattr(thing, f"{what}_en")
    return text


def labelled(thing: Any, lang: Language) -> str:
    """Return the label of a target, lever, row or series in a language."""
    return _attribute(thing, "label", lang)


def named(thing: Any, lang: Language) -> str:
    """Return the name of a zone, sector or cluster in a language."""
    return _attribute(thing, "name", lang)


def titled(thing: Any, lang: Language) -> str:
    """Return the title of a pack or scenario in a language."""
    return _attribute(thing, "title", lang)
