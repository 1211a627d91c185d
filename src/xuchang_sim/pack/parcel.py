"""Parcel: the kind of a zip file, from the list of its parts, before any of them is unpacked.

A workbook and a file of arrays are such parcels. The list states the size of every part, and no reader
takes more from a part than its list says: a small file cannot unpack to a large one.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Final
from xml.parsers import expat

from xuchang_sim.text import phrase

MAX_PLAIN: Final = 48 << 20
"""Bytes of all parts of a workbook, unpacked."""
MAX_PARTS: Final = 500
MAX_SPREAD: Final = 200_000
"""Cells of all ranges that are merged or are links: a reader makes an object of each."""
_RANGE: Final = re.compile("([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")


def parts_of(
    raw: bytes, most_parts: int = MAX_PARTS, most_bytes: int = MAX_PLAIN
) -> tuple[list[zipfile.ZipInfo], str]:
    """List the parts of a zip file, and say what is wrong with them.

    Parameters
    ----------
    raw : bytes
        The file.
    most_parts, most_bytes : int
        How many parts, and bytes of all of them unpacked, are allowed.

    Returns
    -------
    list of ZipInfo
        The parts.
    str
        What is wrong; empty if nothing is.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parcel:
            parts = parcel.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        return [], phrase("sheet_fault.damaged", error=error)
    total = sum(part.file_size for part in parts)
    if len(parts) > most_parts or total > most_bytes:
        size = phrase("sheet_fault.unpacked", parts=len(parts), total=total)
        return [], phrase(
            "sheet_fault.unpacks", size=size, max_parts=most_parts, max_plain=most_bytes
        )
    if len({part.filename for part in parts}) < len(parts):
        return [], phrase("sheet_fault.part_twice")
    if any(part.flag_bits & 1 for part in parts):
        return [], phrase("sheet_fault.encrypted")
    return parts, ""


def parcel_fault(raw: bytes) -> str:
    """Return the fault of the parts of a workbook; empty if there is none."""
    parts, fault = parts_of(raw)
    names = [part.filename for part in parts]
    if fault:
        return fault
    if "xl/workbook.xml" not in names:
        return phrase("sheet_fault.zip")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return phrase("sheet_fault.macros")
    if links := [name for name in names if name.startswith("xl/externalLinks/")]:
        return phrase("sheet_fault.links", links=links[0])
    if odd := [name for name in names if name.startswith(("xl/connections", "xl/queryTables"))]:
        return phrase("sheet_fault.outside", odd=odd[0])
    return spread_fault(raw)


def spread_fault(raw: bytes) -> str:
    """Say if ranges of a workbook hold more cells than any table has; empty if they do not."""
    cells = 0

    def begins(name: str, attributes: dict[str, str]) -> None:
        nonlocal cells
        if name.rpartition(":")[2] in {"mergeCell", "hyperlink"}:
            cells += _cells(attributes.get("ref", ""))

    with zipfile.ZipFile(io.BytesIO(raw)) as parcel:
        for name in parcel.namelist():
            if not name.endswith(".xml"):
                continue
            reader = expat.ParserCreate()
            reader.StartElementHandler = begins
            try:
                reader.Parse(parcel.read(name), True)
            except (expat.ExpatError, zipfile.BadZipFile, zlib.error, ValueError, OSError) as error:
                return phrase("sheet_fault.unreadable", name=name, text=error)
            if cells > MAX_SPREAD:
                return phrase("sheet_fault.spread", cells=cells, most=MAX_SPREAD)
    return ""


def _cells(text: str) -> int:
    """Cells of a range as a sheet writes it; more than any if it is written in another way."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return MAX_SPREAD + 1 if text else 0
    left, top, right, bottom = match.groups()
    width = abs(_column(right or left) - _column(left)) + 1
    return width * (abs(int(bottom or top) - int(top)) + 1)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number
