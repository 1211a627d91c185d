"""Where the uncertainty is: against a city whose answer is known, and small on the real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from xuchang_sim.answers import uncertainty as room
from xuchang_sim.answers.uncertainty import (
    CHANCE,
    OUTCOMES,
    curve,
    decoration,
    indices,
    screen,
    variance_shares,
)
from xuchang_sim.cli import app
from xuchang_sim.pack.load import Pack
from xuchang_sim.pack.scenario import ResolvedScenario, load_scenario
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.draws import draw_parameters
from xuchang_sim.simulation.setup import Setup

A, B = "realised_yield", "opening_land_months"


@pytest.fixture(scope="module")
def setup(pack: Pack) -> Setup:
    return prepare(pack, 64, 2012, "2012-12", "sampled")


@pytest.fixture(scope="module")
def plan(pack: Pack) -> ResolvedScenario:
    return load_scenario("plan", pack)


def chance(setup: Setup) -> Any:
    """Standard normal chance of each world, by its number alone."""
    return np.array([np.random.default_rng(r).normal() for r in setup.replicate_numbers])


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, setup: Setup) -> None:
    """A city whose revenue is 2 z(A) + z(B) + chance, its investment z(B) times chance."""
    wide = draw_parameters(replace(setup, replicates=5000))

    def standard(values: Mapping[str, Any], name: str) -> Any:
        return (values[name] - wide[name].mean()) / wide[name].std()

    def made(at: Setup, _: ResolvedScenario, values: Mapping[str, Any]) -> dict[str, Any]:
        values = draw_parameters(at) | dict(values)
        a, b, e = standard(values, A), standard(values, B), chance(at)
        return {"revenue_growth": 2.0 * a + b + e, "fai_growth": b * e}

    monkeypatch.setattr(room, "_run", made)
    monkeypatch.setattr(room, "_demand", lambda at, *_: chance(at))


@pytest.mark.usefixtures("known")
def test_shares_of_a_known_city(setup: Setup, plan: ResolvedScenario) -> None:
    found = variance_shares(setup, plan, draws=1500, seeds=6)
    revenue, fai = (found[name] for name in OUTCOMES)
    # Its chance is all of the year's demand.
    assert revenue.parameters == pytest.approx(5 / 6, abs=0.03)
    assert revenue.demand == pytest.approx(1 / 6, abs=0.03)
    assert revenue.chance == pytest.approx(0.0, abs=0.01)
    # Pure interaction: no parameter moves the mean, chance decides.
    assert fai.parameters == pytest.approx(0.0, abs=0.05)
    for share in found.values():
        assert share.parameters + share.demand + share.chance == pytest.approx(1.0)


@pytest.mark.usefixtures("known")
def test_indices_of_a_known_city(setup: Setup, plan: ResolvedScenario) -> None:
    found = indices(setup, plan, (A, B, "wage"), points=2048)
    revenue, fai = (found[name] for name in OUTCOMES)
    assert set(revenue) == {A, B, "wage", CHANCE}
    for name, share in ((A, 4 / 6), (B, 1 / 6), ("wage", 0.0), (CHANCE, 1 / 6)):
        assert revenue[name].total == pytest.approx(share, abs=0.05), name
        assert revenue[name].first == pytest.approx(share, abs=0.08), name
    for name in (B, CHANCE):
        assert fai[name].total == pytest.approx(1.0, abs=0.1)
        assert fai[name].first == pytest.approx(0.0, abs=0.1)


@pytest.mark.usefixtures("known")
def test_the_screening_ranks_a_known_city(
    setup: Setup, plan: ResolvedScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {A, B, "wage"} < set(room.free(setup, plan))
    monkeypatch.setattr(room, "free", lambda *_: ["wage", B, A])
    found = screen(setup, plan, points=200)
    assert [name for name, _ in found["revenue_growth"][:2]] == [A, B]
    assert found["revenue_growth"][2][1] == 0.0
    # Twice the variance that the parameter decides, on average.
    assert found["revenue_growth"][0][1] == pytest.approx(2.0 * np.sqrt(2.0), rel=0.15)


def test_small_parts_on_the_real_city(
    setup: Setup, plan: ResolvedScenario, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = variance_shares(setup, plan, draws=8, seeds=4)
    for share in shares.values():
        assert share.parameters + share.demand + share.chance == pytest.approx(1.0)
        assert min(share.parameters, share.demand, share.chance) >= -1e-12
    monkeypatch.setattr(room, "STEPS", 3)
    rows = curve(setup, plan, A, replicates=24)
    # More of what was announced is realised: more revenue, and a little less investment, since
    # incumbents that lose fewer orders expand less.
    assert rows[0]["revenue_growth"] < rows[1]["revenue_growth"] < rows[2]["revenue_growth"]
    assert -0.01 < rows[2]["fai_growth_moved"] < 0.0
    land = curve(setup, plan, B, replicates=24)
    assert land[2]["fai_growth_moved"] > 0.0
    ornaments = decoration(setup, plan, replicates=24)
    assert "all" in ornaments
    for name in ("revenue", "fai"):
        assert abs(ornaments["all"][name]) < 0.01
    json.dumps([rows, ornaments, {k: v._asdict() for k, v in shares.items()}], allow_nan=False)
    assert {name for name in ornaments if name in pack.levers} == set(room.DECORATION_LEVERS)


def test_the_command_tells_all_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free", lambda *_: [A, B, "wage"])
    monkeypatch.setattr(room, "STEPS", 3)
    monkeypatch.setattr(room, "variance_shares", partial(variance_shares, draws=4, seeds=3))
    monkeypatch.setattr(room, "screen", partial(screen, points=4))
    monkeypatch.setattr(room, "indices", partial(indices, points=8))
    monkeypatch.setattr(room, "curve", partial(curve, replicates=6))
    monkeypatch.setattr(room, "decoration", partial(decoration, replicates=6))
    done = CliRunner().invoke(app, ["facts", "--uncertainty", "--json"])
    assert done.exit_code == 0, done.exception
    data = json.loads(done.stdout)
    parts = {"shares", "screened", "indices", "curves", "decoration", "manifest"}
    assert parts <= set(data)
    assert set(data["curves"]) == set(room.CURVES)
    assert set(data["indices"]["fai_growth"]) == {A, B, "wage", CHANCE}
    shown = CliRunner().invoke(app, ["facts", "--uncertainty", "--lang", "zh"])
    assert shown.exit_code == 0, shown.exception
    assert "不确定性从何而来" in shown.stdout
