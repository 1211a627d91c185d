"""Judge: what makes an edit of a pack another meaning, told from the files alone, without the library.

A number that was changed must be spelt in its row's quotation (or, with its unit, in how the row explains
it); the spellings of a number are made here and looked for, where the library reads the words and compares
numbers. Names stay in the sets that the whole pack uses. Totals stay near what the plan asks of them.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Units of numbers in a plan: what they count, and their size.
SIZES: dict[str, tuple[str, Fraction | int]] = {
    "亿元": ("money", 10**8), "万元": ("money", 10**4), "元": ("money", 1), "1e8 CNY": ("money", 10**8),
    "人": ("things", 1), "万人": ("things", 10**4), "m²": ("area", 1), "平方米": ("area", 1),
    "亩": ("land", 1), "万亩": ("land", 10**4), "公顷": ("land", 15), "%": ("share", Fraction(1, 100)),
    "比例": ("share", 1), "成": ("share", Fraction(1, 10)), "倍": ("share", 1), "百分点": ("points", 1),
    "index": ("index", 1),
}  # fmt: skip
THINGS = "个家座区次套项户人件场"
HAN = "零一二三四五六七八九"


def han(number: int) -> str:
    """Chinese numeral of a whole number below ten thousand."""
    text, zero = "", False
    for power, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            text += ("零" if zero and text else "") + HAN[digit] + sign
            zero = False
        else:
            zero = True
    return text.removeprefix("一") if 10 <= number < 20 else text


def numerals(size: Fraction) -> Iterator[str]:
    """Spell a number: Arabic with and without commas, Chinese, with 万 and 亿."""
    for scale, sign in ((1, ""), (10**4, "万"), (10**8, "亿")):
        part = size / scale
        if (part * 10**6).denominator != 1 or part < 0:
            continue
        plain = f"{float(part):.6f}".rstrip("0").rstrip(".")
        yield plain + sign
        if part.denominator == 1:
            yield f"{int(part):,}{sign}"
            if 0 < part < 10_000:
                yield han(int(part)) + sign
                yield han(int(part)).replace("二", "两", 1) + sign


def spellings(value: Fraction, unit: str) -> Iterator[tuple[str, str]]:
    """Spellings of a quantity: numeral, and a pattern of the unit behind it."""
    kind, size = SIZES.get(unit, ("things", 1))
    whole = value * size
    if kind == "money":
        for numeral in numerals(whole):
            yield numeral, "元"
    elif kind == "area":
        for numeral in numerals(whole):
            yield numeral, "(?:平方米|m²|m2)"
    elif kind == "land":
        for factor, word in ((1, "亩"), (Fraction(1, 15), "公顷")):
            for numeral in numerals(whole * factor):
                yield numeral, word
    elif kind == "share":
        for numeral in numerals(whole * 100):
            yield numeral, "(?:%|％|个?百分点)"
            yield f"百分之{numeral}", ""
        for numeral in numerals(whole * 10):
            yield numeral, "成"
        for numeral in numerals(whole):
            yield numeral, "[倍番]"
    elif kind == "points":
        for numeral in numerals(whole):
            yield numeral, "个?百分点"
    else:
        for numeral in numerals(whole):
            yield numeral, f"[{THINGS}]"


def spelt(value: Any, unit: str, quote: str, how: str) -> bool:
    """Whether a number is written in a quotation, or with its unit in an explanation."""
    number = Fraction(str(value))
    before, behind = f"(?<![0-9.,{HAN}两十百千万亿])", f"(?![0-9.{HAN}两十百千万亿])"
    spans = "(?:[—–~-]|至|到)"
    for numeral, word in spellings(number, unit):
        found = re.escape(numeral)
        each = rf"{before}{found}\s*(?:{spans}[0-9.]+)?\s*{word}"
        last = rf"{spans}{found}\s*{word}"
        if re.search(each, quote) or re.search(last, quote) or re.search(each, how):
            return True
        if word == f"[{THINGS}]" and re.search(before + found + behind, quote):
            return True
    if SIZES.get(unit, ("", 0))[0] == "money":
        whole = number * SIZES[unit][1]
        bare = {10**8: "亿元", 10**4: "万元"}.get(int(whole), "\0")
        return re.search(rf"(?<![0-9.{HAN}两十百千万亿]){bare}", quote + how) is not None
    return False


def quantity(said: Any, unit: str = "") -> tuple[Fraction, str] | None:
    """Read a number with its unit: `{value: 400, unit: 亿元}`, `400 亿元`, or 400 of a unit beside it."""
    if isinstance(said, dict):
        return quantity(said.get("value"), str(said.get("unit", unit)))
    match = re.fullmatch(r"\s*(-?[0-9][0-9.,]*(?:e-?\d+)?)\s*(.*)", str(said))
    if not match:
        return None
    return Fraction(match[1].replace(",", "")), (match[2].strip() or unit)


def numbers(row: dict[str, Any]) -> dict[tuple[str, ...], tuple[Fraction, str]]:
    """Numbers of a row of the plan, with their units."""
    result: dict[tuple[str, ...], tuple[Fraction, str]] = {}
    if row.get("value") is not None and (held := quantity(row["value"], str(row.get("unit", "")))):
        result["value",] = held
    targets = row.get("targets") or {}
    entries = targets.items() if isinstance(targets, dict) else [(t.get("id"), t) for t in targets]
    for name, target in entries:
        if held := quantity(target):
            result[str(name), "value"] = held
        if isinstance(target, dict) and target.get("threshold") is not None:
            held = quantity(target["threshold"])
            if held:
                result[str(name), "threshold"] = held
    return result


def same(one: tuple[Fraction, str], two: tuple[Fraction, str]) -> bool:
    """Whether two quantities are one: 400 亿元 is 4,000,000 万元, and 40 % is 0.4."""
    sizes = [SIZES.get(unit, ("things", 1)) for _, unit in (one, two)]
    return sizes[0][0] == sizes[1][0] and one[0] * sizes[0][1] == two[0] * sizes[1][1]


def plan_faults(old: Any, new: Any, document: str) -> Iterator[str]:
    """Changed meanings of a plan: numbers that its words do not have, words that the document does not."""
    before = {row["id"]: row for row in old["rows"]}
    places = {row["quote"]: row["paragraph"] for row in before.values()}
    years = {str(row["deadline"])[:4] for row in before.values() if row.get("targets")}
    closed = {
        key: {item for row in before.values() for item in words(row.get(key))}
        for key in ("type", "use", "levers", "targets")
    }
    for row in new["rows"]:
        usual = before.get(row["id"], {})
        was = numbers(usual)
        if row["quote"] not in document:
            yield f"{row['id']}: words that the document does not have"
        if str(row["paragraph"]) != places.get(row["quote"], str(row["paragraph"])):
            yield f"{row['id']}: paragraph {row['paragraph']}"
        due = str(row.get("deadline"))[:4]
        if row.get("targets") and row.get("deadline") and due not in years:
            yield f"{row['id']}: due in {due}"
        for key, allowed in closed.items():
            if unknown := words(row.get(key)) - allowed:
                yield f"{row['id']}: {key} {unknown}"
        for path, held in numbers(row).items():
            kept = path in was and same(held, was[path]) and row["quote"] == usual["quote"]
            texts = row["quote"], str(row.get("how", ""))
            if not kept and not spelt(held[0], held[1].removesuffix("/区"), *texts):
                yield f"{row['id']}: {path} {float(held[0])} {held[1]} is not in {texts}"


def names(entries: Any) -> set[str]:
    """Names of entries, a mapping by name or a list of entries with an id."""
    return set(entries) if isinstance(entries, dict) else {str(entry["id"]) for entry in entries}


def words(entries: Any) -> set[str]:
    """Names in a list of words or of entries; none of nothing."""
    if entries and not isinstance(entries, dict) and not isinstance(entries[0], dict):
        return set(entries)
    return names(entries or [])


def total(said: Any) -> Fraction:
    """Read a total of the base year: `118`, or `400/1.25`."""
    above, _, below = str(said).partition("/")
    return Fraction(above) / Fraction(below or "1")


def pack_faults(head: Any, usual: Any, document: str) -> Iterator[str]:
    """Changed meanings of a pack's head: totals of another size, dates out of order, another document."""
    for name in ("revenue", "fai", "profit_tax", "workers"):
        held, was = head["base"][name], usual["base"][name]
        unit = SIZES[held["unit"]][1] / Fraction(SIZES[was["unit"]][1])
        ratio = total(held["value"]) * unit / total(was["value"])
        if not Fraction(1, 10) < ratio < 10:
            yield f"base.{name} is {float(ratio):g} times what it was"
    years = head["base_year"], head["plan_year"]
    if not years[0] < years[1]:
        yield f"years {years}"
    first, last = head["calendar"]["fai_season"]["years"]
    if not 2000 < first < last <= head["plan_year"]:
        yield f"season of {first} to {last}"
    number = re.sub(r"\s", "", str(head["document"]["number"]))
    if number not in document:
        yield f"document {number}"
    seasons = head["calendar"]["revenue_season"]
    if min(seasons) <= 0 or max(seasons) > 12:
        yield f"seasons {seasons}"
    for name in names(head["history"]) - names(usual["history"]):
        entries = head["history"]
        own = isinstance(entries, list) or "series" in (entries[name] or ())
        if not own:  # a name that the pack itself gives to a series of a table is its own
            yield f"{name} is no series of the model"


def region_faults(area: Any, usual: Any) -> Iterator[str]:
    """Changed meanings of a region: shares that are none, sectors and zones that are not there."""
    zones, sectors = area["zones"], area["sectors"]
    shares = [zone["revenue_share"] for zone in zones.values()]
    others = [float(sector["share"]) for sector in sectors.values()]  # 0e2 is a text to PyYAML
    for what in (shares, others):
        if abs(sum(what) - 1) > 0.01 or min(what) < 0:
            yield f"shares {what}"
    for name, zone in zones.items():
        leading = zone.get("leading") or {}
        if set(leading) - set(sectors) or not set(leading):
            yield f"{name} leads in {leading}"
        if leading and (min(leading.values()) < 0 or sum(leading.values()) > 1.01):
            yield f"{name} leads by {leading}"
        if not 0 <= zone.get("site_bonus", 0) <= 10:
            yield f"{name}: site {zone['site_bonus']}"
        if zone["level"] not in {each["level"] for each in usual["zones"].values()} | {
            "county",
            "nation",
        }:
            yield f"{name}: level {zone['level']}"
    if not 1 <= area["share_concentration"] <= 100 * len(area["zones"]):
        yield f"weight {area['share_concentration']}"


def faults(name: str, old: Any, new: Any, document: str) -> list[str]:
    """Why a changed file of a pack must be refused; nothing if it may be taken.

    ``old`` and ``new`` are the files' trees, as any reader of YAML gives them.
    """
    if name == "plan.yaml":
        return list(plan_faults(old, new, document))
    if name == "pack.yaml":
        return list(pack_faults(new, old, document))
    if name == "region.yaml":
        return list(region_faults(new, old))
    return []
