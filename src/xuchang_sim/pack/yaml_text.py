"""Text of plain data in the dialect of YAML that packs are read in."""

import json
import re
from typing import Any

__all__ = ["block", "flow", "scalar"]

_PLAIN = re.compile(r"[^\W\d_][^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}
_ODD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def scalar(value: object) -> str:
    """Write one value: numbers plain, texts plain where that is safe, else in double quotes."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    safe = _PLAIN.fullmatch(text) and not re.search(r": |:$| #|[\[\]{},]| $", text)
    if safe and text.lower() not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _ODD.sub(lambda result: f"\\u{ord(result[0]):04x}", quoted)


def flow(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def block(value: Any, indent: str = "") -> str:
    """Write a mapping or list over several lines; innermost lists of single values on one.

    Examples
    --------
    >>> print(block({"a": 1, "b": [{"c": "x"}]}), end="")
    a: 1
    b:
      - c: x
    """
    if isinstance(value, dict):
        return "".join(_line(f"{indent}{scalar(k)}:", v, indent) for k, v in value.items())
    lines = []
    for item in value:
        inner = block(item, indent + "  ") if isinstance(item, dict) and item else ""
        lines.append(
            f"{indent}- {inner[len(indent) + 2 :]}" if inner else f"{indent}- {flow(item)}\n"
        )
    return "".join(lines)


def _line(head: str, value: Any, indent: str) -> str:
    if isinstance(value, dict) and value:
        return f"{head}\n{block(value, indent + '  ')}"
    if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        return f"{head}\n{block(value, indent + '  ')}"
    return f"{head} {flow(value)}\n"
