"""Every phrase that a reader sees, by language: one YAML file a language in this folder.

The files map a key to a phrase with named placeholders. The tests hold that all languages have the same keys
and the same placeholders. A third language is one more file; where a pack gives no label in that language,
its English label is shown.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent

Language = str
"""Code of a language: the name of a file in this folder (``zh``, ``en``)."""

#: Languages there are; the first is the default.
LANGUAGES: tuple[Language, ...] = tuple(
    sorted((path.stem for path in _FOLDER.glob("*.yaml")), key=lambda name: (name != "zh", name))
)


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

    Examples
    --------
    >>> phrases("en")["compare.year"]
    'year'
    """
    import yaml  # noqa: PLC0415 - only who says something pays for the reader

    if lang not in LANGUAGES:
        raise KeyError(lang)
    source = (_FOLDER / f"{lang}.yaml").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    path: list[str] = []
    key: str | None = None
    # Two levels of plain text need no constructor: the parser's events are read as they come.
    for event in yaml.parse(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.MappingStartEvent):
            path.append(key or "")
            key = None
        elif isinstance(event, yaml.MappingEndEvent):
            path.pop()
        elif isinstance(event, yaml.ScalarEvent):
            if key is None:
                key = event.value
                continue
            name = ".".join(part for part in (*path, key) if part)
            if name in found:
                message = f"{lang}.yaml: {name} stands twice"
                raise ValueError(message)
            found[name], key = event.value, None
    return found


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
