"""What moves a target is measured: made cases, and the shipped measurement of the embedded plan."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xuchang_sim.answers import classes
from xuchang_sim.answers.classes import CLASSES, COUNTS, FILE, Classes, Move, TargetClass
from xuchang_sim.pack.levers import AXES
from xuchang_sim.pack.load import load_pack
from xuchang_sim.simulation.targets import modelled
from xuchang_sim.study import Study

PACK = load_pack()
PLAIN = next(t for t in modelled(PACK) if t.measure == "workers")
STILL = Move(p=0.0, p_se=0.0, level=0.0)
MOVED = Move(p=0.1, p_se=0.02, level=0.5)
FAMILIES = ("land", "finance", "process", "attraction")
SOME = np.array([True, False] * 50)


def kind(**given: object) -> tuple[str, str]:
    usual: dict[str, object] = {
        "target": PLAIN,
        "lever": "",
        "moved": {"land": STILL, "labour": MOVED},
        "alone": None,
        "split": classes._Split(0.1, 0.2, 0.0, "wage"),
        "event": SOME,
        "twin": "",
    }
    return classes._kind(**{**usual, **given})  # type: ignore[arg-type]


def test_each_class_has_its_cause() -> None:
    assert kind() == ("mechanism", "")
    assert kind(twin="new_workers") == ("duplicate", "new_workers")
    assert kind(event=np.ones(9, bool)) == ("fixed", "always")
    assert kind(event=np.zeros(9, bool)) == ("fixed", "never")
    assert kind(split=classes._Split(0.0, 0.1, 0.6, "")) == ("synthetic", "zone_shares")
    assert kind(target=PLAIN.model_copy(update={"zone": "changge"})) == ("synthetic", "zone_shares")
    assert kind(split=classes._Split(0.6, 0.1, 0.0, "wage")) == ("prior", "wage")
    assert kind(moved={"land": STILL}) == ("prior", "wage")
    assert kind(moved={}, split=classes._Split(0.0, 0.0, 0.0, "")) == ("prior", "chance")
    own = {"lever": "training_places", "alone": Move(p=0.0, p_se=0.0, level=1.0)}
    assert kind(**own) == ("lever_echo", "training_places")
    assert kind(**{**own, "alone": Move(p=0.0, p_se=0.0, level=0.3)}) == ("mechanism", "")


def test_one_event_is_told_once_and_certain_events_are_none() -> None:
    near = SOME.copy()
    assert classes._twin(SOME, {"a": near}) == "a"
    near[:2] = ~near[:2]
    assert classes._twin(SOME, {"a": near}) == ""
    certain = np.ones(100, bool)
    assert classes._twin(certain, {"a": certain}) == ""


def test_a_variance_is_split_by_what_reads_a_parameter() -> None:
    rng = np.random.default_rng(1)
    draws = {name: rng.random(4000) for name in ("own", "shared", "idle")}
    values = 2.0 * draws["own"] + draws["shared"] + 0.5 * rng.random(4000)
    found = classes._split(PLAIN, values, values, classes._ranks(draws), {"shared"})
    assert found.leading == "own"
    assert 0.6 < found.own < 0.85
    assert 0.1 < found.shared < 0.3
    assert found.synthetic == 0.0
    half = classes._split(PLAIN, values, 0.5 * values, classes._ranks(draws), {"shared"})
    assert abs(half.synthetic - 0.75) < 1e-9


def shipped() -> dict[str, TargetClass]:
    found: dict[str, TargetClass] = json.loads(FILE.read_text(encoding="utf-8"))["targets"]
    return found


def test_every_target_has_a_class_and_its_numbers_bear_it() -> None:
    found = shipped()
    assert found.keys() == {target.id for target in modelled(PACK)}
    for name, row in found.items():
        assert row["kind"] in CLASSES, name
        assert (row["echoes"] == "") == (row["kind"] == "mechanism"), name
        parts = [row[key] for key in ("prior_share", "shared_share", "synthetic_share")]
        assert all(-1e-9 <= part <= 1.0 + 1e-9 for part in [*parts, row["chance_share"]]), name
        if row["kind"] == "mechanism":
            assert row["lever_share"] < 0.5, name
            assert row["prior_share"] < 0.5, name
            assert any(abs(m["p"]) > COUNTS * m["p_se"] for m in row["moved"].values()), name
            assert any(classes.moves(m) for m in row["moved"].values()), name


def test_revenue_and_investment_are_mechanisms() -> None:
    """By levers that move real activity: a new boundary moves statistics only, and is held."""
    found = shipped()
    for name, families in (("revenue_growth", ("labour", "process")), ("fai_growth", FAMILIES)):
        row = found[name]
        assert row["kind"] == "mechanism", name
        assert {axis for axis, move in row["moved"].items() if classes.moves(move)} >= {*families}
        assert all(row["moved"][axis]["p"] > 0.0 for axis in families)
    assert classes.moves(found["revenue_growth"]["scope"])
    assert found["fai_growth"]["scope"] == STILL


def test_scope_moves_statistics_and_nothing_real() -> None:
    effects = json.loads(FILE.read_text(encoding="utf-8"))["effects"]
    real, reported, fai = (
        effects["scope"][name] for name in ("revenue_real_growth", "revenue_growth", "fai_growth")
    )
    assert [e["mean"] for e in [*real, *fai]] == [0.0] * 4
    assert all(e["mean"] > 10.0 * e["se"] > 0.0 for e in reported)
    assert [n for n in PACK.levers if classes.of_scope(n)] == ["boundary_area"]


def test_levers_move_real_revenue_little_in_the_plans_year_and_more_after_it() -> None:
    """Capacity takes more than a year: in its own year only what runs already can be moved."""
    effects = json.loads(FILE.read_text(encoding="utf-8"))["effects"]
    first, second = effects["all"]["revenue_real_growth"]
    assert 10.0 * first["se"] < first["mean"] < 0.02
    assert second["mean"] > 3.0 * first["mean"]
    for axis in ("land", "finance", "attraction"):
        now, later = effects[axis]["revenue_real_growth"]
        assert abs(now["mean"]) < 0.001 < later["mean"], axis
        assert effects[axis]["fai_growth"][0]["mean"] > 0.02, axis
    for axis in ("labour", "process"):
        assert effects[axis]["revenue_real_growth"][0]["mean"] > 0.002, axis


def test_every_lever_alone() -> None:
    """Each lever that has two levels has its own row, family by family and year by year."""
    found = Study("yangli_2011", replicates=2).classes()
    levers = found.setup.pack.levers
    assert found.levers.keys() == {n for n, x in levers.items() if x.low != x.high}
    assert all(row.keys() == found.effects["all"].keys() for row in found.levers.values())


def test_families_together() -> None:
    """What families move adds up, roughly, to what all of them move."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    for name in ("revenue_real_growth", "fai_growth"):
        parts = sum(found["effects"][axis][name][0]["mean"] for axis in AXES)
        assert abs(parts / found["effects"]["all"][name][0]["mean"] - 1.0) < 0.15, name


def test_classes_are_kept_and_read_by_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study(replicates=12)
    monkeypatch.setattr(classes, "_kept", lambda key: tmp_path / f"{key}.json")
    monkeypatch.setattr(classes, "FILE", tmp_path / "none.json")
    assert classes.read_classes(PACK, study.parameters) == ({}, False)
    told = study.assess(redraws=2, paired=2).to_dict()
    assert told["classes"] == {"measured": False, "stale": False}
    assert "target_class" not in told["targets"][0]
    row = TargetClass(
        kind="fixed", echoes="never", own_lever="", lever_share=0.0, prior_share=0.0,
        shared_share=0.0, synthetic_share=0.0, chance_share=1.0, moved={"land": STILL}, scope=STILL,
    )  # fmt: skip
    found = Classes(study.setup(), {target.id: row for target in modelled(PACK)}, {}, {})
    classes.keep_classes(found)
    told = study.assess(redraws=2, paired=2).to_dict()
    assert told["classes"] == {"measured": True, "stale": False}
    assert {r["target_class"] for r in told["targets"] if "p" in r} == {"fixed"}
    classes.keep_classes(replace(found, setup=replace(found.setup, draws="central")), classes.FILE)
    monkeypatch.setattr(classes, "_kept", lambda _: tmp_path / "other.json")
    assert study.assess(redraws=2, paired=2).classes == {"measured": True, "stale": True}


@pytest.mark.long
def test_mechanisms_move_in_other_futures_too() -> None:
    """Measured with another seed, what is called a mechanism moves again, but for one or two near the bar."""
    found = Study(replicates=1000, seed=77).classes().targets
    again = {
        name: any(classes.moves(move) for move in found[name]["moved"].values())
        for name, row in shipped().items()
        if row["kind"] == "mechanism"
    }
    assert again["revenue_growth"]
    assert again["fai_growth"]
    assert sum(again.values()) >= len(again) - 2
