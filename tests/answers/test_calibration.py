"""Calibration: against known answers, against itself, and what was shipped."""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from xuchang_sim import definitions
from xuchang_sim.answers import calibration as room
from xuchang_sim.answers.calibration import effective, informed, recover, resample, weigh
from xuchang_sim.answers.factsfile import load_facts
from xuchang_sim.cli import app
from xuchang_sim.pack.load import Pack, load_pack
from xuchang_sim.pack.posterior import FILE, Posterior, load_posterior, save_posterior
from xuchang_sim.simulation.arguments import prepare
from xuchang_sim.simulation.draws import draw_parameters
from xuchang_sim.simulation.manifest import manifest
from xuchang_sim.simulation.setup import Setup, choose_draws
from xuchang_sim.study import calibrate
from xuchang_sim.yamlfile import InputError

N = 20_000


@pytest.fixture(scope="module")
def line() -> tuple[Any, Any]:
    """A world whose posterior is known: two normal parameters, one moment each, one of both."""
    rng = np.random.default_rng(3)
    theta = rng.normal(size=(N, 3))
    chance = rng.normal(size=(N, 2)) * 0.5
    moments = np.stack([theta[:, 0], theta[:, 0] + theta[:, 1]], axis=1) + chance
    return theta, moments


def exact(observed: Any, sd: Any) -> tuple[Any, Any]:
    """Mean and covariance of the posterior of :func:`line`, by algebra."""
    design = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    noise = np.diag(0.25 + sd**2)
    precision = np.eye(3) + design.T @ np.linalg.inv(noise) @ design
    covariance = np.linalg.inv(precision)
    return covariance @ design.T @ np.linalg.inv(noise) @ observed, covariance


def test_weights_give_the_posterior_known_by_algebra(line: tuple[Any, Any]) -> None:
    theta, moments = line
    observed, sd = np.array([0.8, -0.4]), np.array([0.4, 0.3])
    weights = weigh(moments, observed, sd)
    mean, covariance = exact(observed, sd)
    found = weights @ theta
    error = np.sqrt(np.diag(covariance) / effective(weights))
    assert np.all(np.abs(found - mean) < 5 * error)
    spread = (weights[:, None] * (theta - found)).T @ (theta - found)
    assert spread == pytest.approx(covariance, abs=0.04)


def test_recovery_is_uniform_and_a_wrong_model_is_caught(line: tuple[Any, Any]) -> None:
    theta, moments = line
    sd = np.array([0.4, 0.3])
    ranks, ess = recover(theta, moments, sd, 300, np.random.default_rng(1))
    assert ranks.shape == (300, 3)
    assert ess.min() > 1.0
    for k in range(3):
        assert stats.kstest(ranks[:, k], stats.uniform.cdf).pvalue > 0.005
    # A table made by a model that is off by half a unit, while the truths are not.
    rng = np.random.default_rng(4)
    below = []
    for truth in range(300):
        weights = weigh(moments[300:] + 0.5, moments[truth] + rng.normal(0.0, sd), sd)
        below.append(weights @ (theta[300:, 0] < theta[truth, 0]))
    assert stats.kstest(below, stats.uniform.cdf).pvalue < 1e-4


def test_weights_ignore_what_failed(line: tuple[Any, Any]) -> None:
    _, moments = line
    holed = moments[:50].copy()
    holed[7] = np.nan
    weights = weigh(holed, np.zeros(2), np.ones(2))
    assert weights[7] == 0.0
    assert weights.sum() == pytest.approx(1.0)


def test_far_data_do_not_underflow(line: tuple[Any, Any]) -> None:
    weights = weigh(line[1], np.array([1e3, 1e3]), np.array([1.0, 1.0]))
    assert weights.sum() == pytest.approx(1.0)
    assert effective(weights) >= 1.0


def test_resampling_keeps_to_the_weights() -> None:
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.full(200, 0.3))
    rows = resample(weights, 5000, rng)
    counts = np.bincount(rows, minlength=200)
    assert np.all(np.abs(counts - 5000 * weights) <= 1.0 + 1e-9)


def test_a_parameter_without_influence_is_found_so(line: tuple[Any, Any]) -> None:
    theta, moments = line
    strength = informed(theta, moments)
    bar = room.SIGNIFICANT / np.sqrt(N)
    assert strength[0] > bar
    assert strength[1] > bar
    assert strength[2] < bar


# --------------------------------------------------------------------------- a calibration, small


@pytest.fixture(scope="module")
def twice(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Posterior, list[bytes]]:
    folder = tmp_path_factory.mktemp("calibrated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "LEAST_SIMULATIONS", 512)
        patch.setattr(room, "LEAST_ESS", 5.0)
        patch.setattr(room, "PREDICTED", 64)
        patch.setattr(room, "TRUTHS", 32)
        made = []
        for k, block in enumerate((2048, 100)):
            patch.setattr(room, "BLOCK", block)
            found = calibrate(pack=pack, simulations=512, seed=5)
            save_posterior(found, folder / f"{k}.npz")
            made.append((folder / f"{k}.npz").read_bytes())
    return found, made


def test_the_same_seed_gives_the_same_bytes_in_any_blocks(
    twice: tuple[Posterior, list[bytes]],
) -> None:
    assert twice[1][0] == twice[1][1]


def test_the_report_says_what_was_done(pack: Pack, twice: tuple[Posterior, list[bytes]]) -> None:
    found = twice[0]
    report = found.report
    moments = {row["id"]: row for row in report["moments"]}
    assert set(moments) == {moment.id for moment in load_facts(pack).moments}
    assert not moments["carried_over"]["weighs"]
    assert set(found.names) == {row["id"] for row in report["parameters"]}
    free = {
        name
        for name, p in pack.parameters.items()
        if p.prior.kind != "fixed" and p.prior.low < p.prior.high and p.acts == "warm_up"
    }
    assert set(found.names) | set(report["silent"]) == free
    assert not set(found.names) & set(report["silent"])
    assert {"seed", "package", "rules", "pack", "belongs_to", "effective"} <= set(report)
    json.dumps(report, allow_nan=False)
    for k, name in enumerate(found.names):
        prior = pack.parameters[name].prior
        assert found.draws[:, k].min() >= prior.low * (1 - 1e-6) - 1e-9
        assert found.draws[:, k].max() <= prior.high * (1 + 1e-6) + 1e-9


def test_data_that_no_draw_fits_are_refused(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LEAST_SIMULATIONS", 64)
    with pytest.raises(InputError, match="effective draws"):
        calibrate(pack=pack, simulations=64)


def test_the_command_writes_its_file_and_tells(
    twice: tuple[Posterior, list[bytes]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(room, "calibrate", lambda *_, **__: twice[0])
    path = tmp_path / "made.npz"
    done = CliRunner().invoke(app, ["calibrate", "--out", str(path), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["seed"] == 5
    assert path.read_bytes() == twice[1][0]
    for lang in ("zh", "en"):
        shown = CliRunner().invoke(app, ["calibrate", "--out", str(path), "--lang", lang])
        assert shown.exit_code == 0
        assert "0.46 ± 0.036" in shown.stdout
    nowhere = tmp_path / "none" / "made.npz"
    wrong = CliRunner().invoke(app, ["calibrate", "--out", str(nowhere)])
    assert isinstance(wrong.exception, InputError)


def test_too_few_simulations_are_refused(pack: Pack) -> None:
    with pytest.raises(InputError, match="at least 1024"):
        calibrate(pack=pack, simulations=1000)


# ------------------------------------------------------------------------------------ its file


def made_up(pack: Pack, draws: int = 7) -> Posterior:
    names = ("realised_yield", "ramp_months")
    table = np.stack([np.linspace(0.4, 0.7, draws), np.arange(6.0, 6.0 + draws)], axis=1)
    return Posterior(names, ("比例", "月"), table, {"belongs_to": pack.warm_up_sha256})


def read(pack: Pack) -> Posterior | None:
    """Posterior of a pack as its file is now."""
    return load_posterior(pack.folder, pack.parameters, pack.warm_up_sha256)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(load_pack().folder, tmp_path / "pack"))
    (folder / FILE).unlink(missing_ok=True)
    return folder


def test_a_posterior_is_read_as_it_was_written(copy: Path) -> None:
    pack = load_pack(copy)
    save_posterior(made_up(pack), copy / FILE)
    found = read(pack)
    assert found is not None
    assert found.names == ("realised_yield", "ramp_months")
    assert found.draws.tolist() == made_up(pack).draws.tolist()
    assert list(copy.glob("*.part")) == []


def test_draws_are_joint_and_do_not_depend_on_their_number(copy: Path) -> None:
    save_posterior(made_up(load_pack(copy)), copy / FILE)
    pack = load_pack(copy)
    assert pack.posterior is not None
    few = draw_parameters(Setup(pack, 10, draws="posterior"))
    many = draw_parameters(Setup(pack, 500, draws="posterior"))
    later = draw_parameters(Setup(pack, 5, draws="posterior", first=5))
    prior = draw_parameters(Setup(pack, 10))
    for name in few:
        assert few[name].tolist() == many[name][:10].tolist()
        assert few[name][5:].tolist() == later[name].tolist()
        if name not in pack.posterior.names:
            assert few[name].tolist() == prior[name].tolist()
    rows = {tuple(row) for row in pack.posterior.draws.tolist()}
    pairs = set(zip(many["realised_yield"].tolist(), many["ramp_months"].tolist(), strict=True))
    assert pairs == rows
    fixed = draw_parameters(Setup(pack, 10, draws="posterior"), {"realised_yield": 0.5})
    assert fixed["realised_yield"].tolist() == [0.5] * 10
    assert fixed["ramp_months"].tolist() == few["ramp_months"].tolist()


def test_a_pack_without_posterior(copy: Path) -> None:
    pack = load_pack(copy)
    assert choose_draws(pack, None) == "sampled"
    with pytest.raises(InputError, match="xuchang-sim calibrate"):
        choose_draws(pack, "posterior")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("parameters.yaml", "range: [300, 550]", "range: [301, 550]"),
        (
            "levers.yaml",
            "platform_financing: {unit: 亿元/区/年, absent: 1.2",
            "platform_financing: {unit: 亿元/区/年, absent: 1.1",
        ),
        ("pack.yaml", "value: 600/1.3", "value: 600/1.31"),
        ("pack.yaml", "group_months: [3, 6, 9, 11]", "group_months: [3, 6, 9, 12]"),
        ("region.yaml", "share_concentration: 60", "share_concentration: 61"),
        ("facts.yaml", "observed: 0.4603", "observed: 0.47"),
    ],
)
def test_a_posterior_of_another_state_is_told_and_not_used(
    copy: Path, file: str, old: str, new: str
) -> None:
    save_posterior(made_up(load_pack(copy)), copy / FILE)
    assert choose_draws(load_pack(copy), None) == "posterior"
    text = (copy / file).read_text(encoding="utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    pack = load_pack(copy)
    with pytest.warns(UserWarning, match="another state"):
        assert choose_draws(pack, None) == "sampled"
    with pytest.raises(InputError, match="calibrate again"):
        choose_draws(pack, "posterior")
    assert choose_draws(pack, "sampled") == "sampled"


def test_labels_may_change_freely(copy: Path) -> None:
    save_posterior(made_up(load_pack(copy)), copy / FILE)
    for file in ("parameters.yaml", "region.yaml", "plan.yaml"):
        text = (copy / file).read_text(encoding="utf-8")
        (copy / file).write_text(text + "\n# a remark\n", encoding="utf-8")
    text = (copy / "parameters.yaml").read_text(encoding="utf-8")
    changed = text.replace("source: ", "source: ", 1)
    changed = changed.replace(
        "reachable_pool: {unit: 人, default: 400000", "reachable_pool: {unit: 人, default: 400001"
    )
    assert changed != text
    (copy / "parameters.yaml").write_text(changed, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose_draws(load_pack(copy), None) == "posterior"


class Harmful:
    def __reduce__(self) -> Any:
        return (print, ("unpickled",))


def test_a_hostile_file_is_refused(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = load_pack(copy)
    objects = np.array([Harmful()], dtype=object)
    np.savez(copy / FILE, names=objects, draws=np.zeros((1, 1)), report=objects)
    with pytest.raises(InputError, match="cannot be read"):
        read(pack)
    assert "unpickled" not in capsys.readouterr().out
    for content in (b"", b"PK\x03\x04nothing", b"\x00" * 100):
        (copy / FILE).write_bytes(content)
        with pytest.raises(InputError, match="calibrate again"):
            read(pack)
    wrong = made_up(pack)
    save_posterior(replace(wrong, names=("no_such", "ramp_months")), copy / FILE)
    with pytest.raises(InputError, match="no parameter that a warm-up reads"):
        read(pack)
    holed = wrong.draws.copy()
    holed[0, 0] = np.nan
    save_posterior(replace(wrong, draws=holed), copy / FILE)
    with pytest.raises(InputError, match="not numbers"):
        read(pack)


# --------------------------------------------------------------------------------- what is shipped


@pytest.fixture(scope="module")
def shipped(pack: Pack) -> Posterior:
    found = read(pack)
    assert found is not None
    return found


def test_the_shipped_posterior_holds_what_it_must(pack: Pack, shipped: Posterior) -> None:
    report = shipped.report
    assert report["simulations"] >= 20_000
    assert report["effective"] > room.LEAST_ESS
    assert report["belongs_to"] == pack.warm_up_sha256
    for row in report["moments"]:
        assert row["covered"] or not row["weighs"], row["id"]
    assert {"base_growth", "revenue_to_november", "fai_to_november", "group_spend"} <= {
        r["id"] for r in report["moments"]
    }
    entries: dict[str, Any] = {moment.id: moment for moment in load_facts(pack).moments}
    entries |= pack.parameters
    for row in [*report["moments"], *report["parameters"]]:  # docs/refresh.py names them anew
        label = entries[row["id"]]
        assert (row["label_zh"], row["label_en"]) == (label.label_zh, label.label_en), row["id"]
    for row in report["moments"]:
        # A published figure that the others and the priors think next to impossible tells of a fault.
        assert 0.02 < row["pit"] < 0.98, row["id"]
        assert 0.0 < row["pit_prior"] < 1.0
    recovery = report["recovery"]
    assert recovery["truths"] >= 100
    assert recovery["least_p_holm"] > 0.01
    setup = prepare(pack, 3, 1)
    assert setup.draws == "posterior"
    named = manifest(setup, [])["posterior"]
    assert named is not None
    assert named["sha256"] == shipped.sha256
    assert manifest(prepare(pack, 3, 1, None, "sampled"), [])["posterior"] is None


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_shipped_posterior_is_made_again(
    pack: Pack, shipped: Posterior, tmp_path: Path
) -> None:
    from xuchang_sim.model.digest import rules_digest

    assert shipped.report["rules"] == rules_digest(), "rules changed: calibrate again"
    found = calibrate(
        pack=pack, simulations=shipped.report["simulations"], seed=shipped.report["seed"]
    )
    save_posterior(found, tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == (pack.folder / FILE).read_bytes()


# ----------------------------------------------------------------------- what a warm-up reads


def test_what_acts_later_moves_no_moment(pack: Pack) -> None:
    """The posterior depends on entries with ``acts: warm_up`` alone: all others at their far ends."""
    known = definitions.levers()
    rng = np.random.default_rng(7)
    later = [p for p in pack.parameters.values() if p.acts != "warm_up"]
    assert len(later) > 80
    start = room.warm_ups(pack, 0, 6, 2012, {})
    assert sum(map(bool, start)) >= 4
    for turn in range(3):
        values = {p.id: np.full(6, rng.choice([p.low, p.high])) for p in later}
        levers = {
            name: replace(lever, absent=lever.range[turn % 2])
            if known[name].acts != "warm_up"
            else lever
            for name, lever in pack.levers.items()
        }
        other = replace(pack, levers=levers)
        assert other.warm_up_sha256 == pack.warm_up_sha256
        assert room.warm_ups(other, 0, 6, 2012, values) == start
    moved = {"ramp_months": np.full(6, pack.parameters["ramp_months"].high)}
    assert room.warm_ups(pack, 0, 6, 2012, moved) != start  # the test can fail
