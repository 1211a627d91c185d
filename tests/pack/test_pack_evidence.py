"""What was aimed at or announced is no evidence: nothing but goals moves with it."""

import csv
import hashlib
import re
import shutil
from pathlib import Path

import pytest

from xuchang_sim.answers.factsfile import load_facts
from xuchang_sim.forecast.outside import outside_view
from xuchang_sim.pack.history import EVIDENCE, last_day
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.study import calibrate
from xuchang_sim.yamlfile import InputError

PACK = load_pack()


def copied(tmp_path: Path) -> Path:
    """Return a copy of the embedded pack."""
    return Path(shutil.copytree(PACK.folder, tmp_path / "pack"))


def moved(tmp_path: Path) -> Pack:
    """Return the pack with every aim and every announcement 20% higher."""
    folder, changed = copied(tmp_path), 0
    sums = folder / "history" / "SHA256SUMS"
    before = sums.read_text(encoding="utf-8")
    for path in (folder / "history").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        if "type" not in head:
            continue
        for row in rows:
            if row[head.index("type")] not in EVIDENCE:
                row[3] = repr(1.2 * float(row[3]))
                changed += 1
        was = hashlib.sha256(path.read_bytes()).hexdigest()
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        assert was in before
        before = before.replace(was, hashlib.sha256(path.read_bytes()).hexdigest())
    sums.write_text(before, encoding="utf-8")  # the edit is meant
    assert changed > 60
    return load_pack(folder)


def test_only_goals_move_with_aims(tmp_path: Path) -> None:
    other = moved(tmp_path)
    assert (
        other.warm_up_sha256 == PACK.warm_up_sha256
    )  # priors, base, moments, history: the posterior is valid
    for name, parameter in PACK.parameters.items():
        assert other.parameters[name].prior == parameter.prior, name
    assert outside_view(other) == outside_view(PACK)
    assert load_facts(other).moments == load_facts(PACK).moments


def test_growth_of_credit_is_that_of_money_as_last_known() -> None:
    known = PACK.history["m2_yoy"].records[-1].value / 100.0
    assert PACK.parameters["credit_growth"].default == pytest.approx(known)


@pytest.mark.parametrize(
    ("base", "target"), [("sewage_rate_base", "sewage_rate"), ("city_fai_share_base", "fai_share")]
)
def test_a_target_bounds_no_prior(base: str, target: str) -> None:
    """The base year may already stand where the plan wants to go: nobody has measured it."""
    low, high = PACK.parameters[base].range or (0.0, 0.0)
    assert low < PACK.plan.target(target).value < high


def test_a_source_that_names_an_aim_says_what_it_is_worth() -> None:
    """Only the plan's own base (one of two readings of it) may rest on the plan's figures."""
    aims = re.compile(r"\b(aims?|aimed|targets?)\b|目标")
    disclaimed = re.compile(r"no bound|not on|no outcome is known|不作为|不是|没有实绩数")
    for parameter in PACK.parameters.values():
        source = str(parameter.source)
        assert not aims.search(source) or disclaimed.search(source), parameter.id


def test_moments_that_weigh_are_evidence() -> None:
    weighed = [moment for moment in load_facts(PACK).moments if moment.weigh]
    assert weighed
    assert {moment.type for moment in weighed} <= EVIDENCE
    assert all(moment.known <= PACK.information_date for moment in weighed)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("type: actual", "type: target", "target is no evidence of what happened"),
        ("type: actual", "type: announced", "announced is no evidence of what happened"),
    ],
)
def test_an_aim_may_not_weigh(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = copied(tmp_path)
    path = folder / "facts.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        calibrate(pack=load_pack(folder), simulations=1024)


@pytest.mark.parametrize(
    ("published", "kind", "message"),
    [
        ("2012-04-27", "actual", "came out after the information date"),
        ("2012", "actual", "came out after the information date"),
        ("2012-04-24", "hope", "type 'hope'; allowed: actual, derived, target, announced"),
        ("soon", "actual", "'soon' is not a period"),
    ],
)
def test_late_and_unknown_rows_are_refused(
    tmp_path: Path, published: str, kind: str, message: str
) -> None:
    folder = copied(tmp_path)
    with (folder / "history" / "henan_zones.csv").open("a", encoding="utf-8") as file:
        file.write(
            f"workers,Henan zones (180),2011,1,persons,a source,read-high,{kind},{published}\n"
        )
    with pytest.raises(InputError, match=message):
        load_pack(folder)


def test_a_measured_series_may_not_be_named_as_an_aim(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "history" / "henan_zones.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",target,", ",actual,", 1), encoding="utf-8")
    with pytest.raises(InputError, match="is of type actual, and states an aim"):
        load_pack(folder)


def test_every_row_says_when_it_came_out() -> None:
    """Tables kept as evidence: by a column of their own, or by the series' release rule."""
    files = {"zones", "projects", "firms", "henan_zones", "plan_targets"}
    for name in files & set(PACK.evidence):
        for record in PACK.evidence[name]:
            assert record.published, record
            assert last_day(record.published) <= PACK.information_date, record
