"""The live page: numbers follow the sliders, on this machine alone."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xuchang_sim.pack import load_pack, shipped
from xuchang_sim.report.live import FAMILIES, HOST, MAX_BODY, Desk, Server
from xuchang_sim.scenario import load_scenario
from xuchang_sim.simulation import simulate

EXAMPLE = shipped()[-1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PLAN = dict.fromkeys(FAMILIES, 1.0) | {"demand": 0.0}


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(load_pack(EXAMPLE), replicates=40)


@pytest.fixture(scope="module")
def server(desk: Desk) -> Iterator[Server]:
    with Server(desk, 0, "en") as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join(10)


def ask(
    server: Server, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection(HOST, server.server_port, timeout=60)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    connection.request(method, path, body or None, named)
    reply = connection.getresponse()
    found = reply.status, reply.read().decode(), dict(reply.getheaders())
    connection.close()
    return found


def put(server: Server, path: str, **data: Any) -> tuple[int, Any]:
    body = json.dumps(data).encode()
    status, text, _ = ask(server, "POST", path, body, X_Token=server.token)
    return status, json.loads(text) if text.startswith("{") else text


# ---------------------------------------------------------------------------- the numbers


def test_the_plan_is_the_plan(desk: Desk) -> None:
    assert desk.scenario(PLAN).levels == load_scenario("plan", desk.pack).levels
    run = simulate("plan", replicates=40, pack=desk.pack, through=desk.through)
    told = {row["id"]: row for row in desk.answer(PLAN, "zh")["targets"]}
    for row in run.targets():
        if row.target.headline:
            assert told[row.target.id]["p"] == row.p
    assert told["joint"]["p"] <= min(told["revenue_growth"]["p"], told["fai"]["p"])


def test_fans_end_at_the_years_total(desk: Desk) -> None:
    answer = desk.answer(PLAN, "en")
    run = simulate("plan", replicates=40, pack=desk.pack, through=desk.through)
    for fan in answer["fans"]:
        assert len(fan["quantiles"]) == 5
        middle = (
            float(sorted(run.outcome(fan["id"]))[19]),
            float(sorted(run.outcome(fan["id"]))[20]),
        )
        assert middle[0] - 1e-9 <= fan["quantiles"][2][11] <= middle[1] + 1e-9
        assert fan["path"][11] == pytest.approx(desk.pack.plan.target(fan["id"]).value)


def test_demand_moves_revenue(desk: Desk) -> None:
    p = [
        desk.answer(PLAN | {"demand": shift}, "en")["fans"][0]["quantiles"][2][11]
        for shift in (-2.0, 0.0, 2.0)
    ]
    assert p[0] < p[1] < p[2]


def test_a_saved_scenario_is_the_setting(desk: Desk, tmp_path: Path) -> None:
    setting = PLAN | {"land": 2.0, "labour": 0.3, "demand": -1.5}
    path = tmp_path / "mine.yaml"
    path.write_text(desk.yaml("mine", setting), encoding="utf-8")
    loaded = load_scenario(path, desk.pack)
    wanted = desk.scenario(setting)
    assert loaded.levels == wanted.levels
    assert loaded.demand_shift == -1.5


@pytest.mark.parametrize(
    "setting",
    [{"land": 3}, {"land": -0.1}, {"lnad": 1}, {"demand": 9}, {"land": "1"}, {"land": True},
     {"land": float("nan")}, {"land": None}, {"land": [1]}],
)  # fmt: skip
def test_a_wrong_setting_is_refused(desk: Desk, setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="allowed"):
        desk.scenario(setting)


@pytest.mark.parametrize("name", ["", "a b", "../x", "名", "x\ny", "a" * 41, "1a"])
def test_a_wrong_name_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        desk.yaml(name, PLAN)


# ------------------------------------------------------------------------------ the server


def test_listens_on_this_machine_only(server: Server) -> None:
    assert server.server_address[0] == HOST == "127.0.0.1"
    other = socket.socket()
    other.settimeout(0.5)
    with pytest.raises((ConnectionError, TimeoutError)), other:
        other.connect(("127.0.0.2", server.server_port))


def test_page_holds_itself_together(server: Server) -> None:
    for lang, word in (("zh", "土地"), ("en", "land")):
        status, text, headers = ask(server, "GET", f"/?lang={lang}")
        assert status == 200
        assert word in text
        assert not re.search(r"(src|href)=\"?https?:", text)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in headers


def test_strangers_get_nothing(server: Server) -> None:
    """Another site's page can send requests here, but neither read the token nor forge the host."""
    body = json.dumps({"setting": PLAN, "lang": "en"}).encode()
    assert ask(server, "POST", "/run", body)[0] == 403
    guess = "a guess"
    assert ask(server, "POST", "/run", body, X_Token=guess)[0] == 403
    assert ask(server, "POST", "/run", body, X_Token=server.token, Host="evil.example")[0] == 403
    assert ask(server, "GET", "/", Host=f"evil.example:{server.server_port}")[0] == 403
    assert ask(server, "GET", "/../etc/passwd")[0] == 404
    assert ask(server, "PUT", "/run", body)[0] == 501


def test_nonsense_is_answered_with_400(server: Server) -> None:
    token = server.token
    for body in (b"{", b"[]", b"{}", b'{"setting": 1, "lang": "en"}', b'{"setting": {}, "lang": "fr"}',
                 b"[" * 3000, b"\xff\xfe"):  # fmt: skip
        assert ask(server, "POST", "/run", body, X_Token=token)[0] == 400, body
    assert ask(server, "POST", "/run", bytes(MAX_BODY + 1), X_Token=token)[0] == 413
    assert put(server, "/run", setting={"land": 7}, lang="en")[0] == 400
    assert put(server, "/save", setting=PLAN, lang="en", name="../x")[0] == 400
    assert put(server, "/run", setting=PLAN, lang="en")[0] == 200


# ----------------------------------------------------------------------------- the browser


@pytest.fixture
def page(server: Server) -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1200, "height": 900}, accept_downloads=True)
        faults: list[str] = []
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on(
            "console",
            lambda m: (
                faults.append(m.text) if m.type == "error" and " 400 " not in m.text else None
            ),
        )
        opened.goto(server.address + "?lang=en")
        opened.wait_for_selector("#targets tr")
        yield opened
        assert not faults
        browser.close()


def chance_of(page: Any, name: str) -> float:
    return float(page.inner_text(f"#targets tr[data-id={name}] td:nth-child(3)"))


def move(page: Any, slider: str, value: float) -> None:
    """Move a slider as a hand does, and wait for the answer."""
    before = int(page.get_attribute("body", "data-answers") or 0)
    page.eval_on_selector(
        f"#{slider}",
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }",
        value,
    )
    page.wait_for_selector(f'body[data-answers="{before + 1}"]', timeout=60_000)


def test_a_slider_moves_the_numbers(page: Any, tmp_path: Path) -> None:
    """Move a slider, see the number change; keep, compare, save; picture."""
    assert page.locator("#fans svg").count() == 2
    first = chance_of(page, "revenue")
    move(page, "demand", -2)
    low = chance_of(page, "revenue")
    assert low < first
    page.fill("#name", "low_demand")
    page.click("#keep")
    move(page, "demand", 2)
    assert chance_of(page, "revenue") > low
    page.click("#keep")
    assert page.inner_text("#kept tr:first-child").split() == ["low_demand", "low_demand"]
    with page.expect_download() as caught:
        page.click("#save")
    text = Path(caught.value.path()).read_text(encoding="utf-8")
    assert "demand_shift: 2.0" in text
    page.click("#reset")
    assert page.input_value("#demand") == "0"
    picture = tmp_path / "page.png"
    page.screenshot(path=str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000


def test_a_fault_is_shown_not_hidden(page: Any) -> None:
    page.fill("#name", "<b>no name</b>")
    page.click("#save")
    page.wait_for_selector("#status.wrong")
    assert "is not a name" in page.inner_text("#status")
    assert page.locator("#status b").count() == 0


def test_answers_within_a_second() -> None:
    """200 replicates of the default pack on two cores, once the rules are compiled.

    The time of the processors is what counts: other programs may take theirs.
    """
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one core only")
    desk = Desk(load_pack(), replicates=200)
    desk.answer(PLAN, "zh")
    seconds = []
    for land in (0.5, 1.5, 2.0, 0.0, 1.2):
        start = time.process_time()
        desk.answer(PLAN | {"land": land}, "zh")
        seconds.append((time.process_time() - start) / 2)
    assert sorted(seconds)[2] < 1.0, seconds
