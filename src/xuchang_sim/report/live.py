"""Live: a page on this machine whose sliders move the levers and whose numbers follow.

The server is Python's own, so there is nothing to install and nothing to keep up with; it listens
on 127.0.0.1, answers only the page it served itself, and writes no file.
"""

from __future__ import annotations

import hmac
import json
import math
import secrets
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from xuchang_sim.assess import goals
from xuchang_sim.explore.bundle import strengthened
from xuchang_sim.measures import goal
from xuchang_sim.report.figures import MONTHLY, year_to_date
from xuchang_sim.report.sentences import chance
from xuchang_sim.report.words import CATALOGUE, Language, labelled, say, titled
from xuchang_sim.scenario import ResolvedScenario, load_scenario
from xuchang_sim.simulation import prepare, simulate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xuchang_sim.pack import Pack
    from xuchang_sim.results import Results

HOST = "127.0.0.1"  # never another address
MAX_BODY = 4096
FAMILIES = ("land", "finance", "labour", "process", "attraction")
STRONGEST, LARGEST_SHIFT = 2.0, 2.0
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Desk:
    """What the page asks: a setting of the sliders in, probabilities and fans out.

    Parameters
    ----------
    pack : Pack
    replicates : int
        Simulated futures an answer.
    seed : int
    base : str
        Scenario in which what has no slider stays.
    """

    def __init__(
        self, pack: Pack, replicates: int = 200, seed: int = 2012, base: str = "plan"
    ) -> None:
        self.pack = pack
        self.replicates = replicates
        self.seed = seed
        self.base = load_scenario(base, pack)
        self.through = f"{pack.plan_year}-12"
        prepare(pack, replicates, seed, self.through)

    def scenario(self, setting: Mapping[str, Any]) -> ResolvedScenario:
        """Turn a setting of the sliders into a scenario.

        Parameters
        ----------
        setting : mapping
            Strength of each family (0 absent, 1 plan, 2 the end of the range) and ``demand``, in
            standard deviations; what is left out stays as in the base.

        Raises
        ------
        ValueError
            If a key is unknown or a value out of range.
        """
        strengths: dict[str, float] = {}
        shift = self.base.demand_shift
        for name, value in setting.items():
            number = (
                value
                if isinstance(value, int | float) and not isinstance(value, bool)
                else math.nan
            )
            if name == "demand" and abs(number) <= LARGEST_SHIFT:
                shift = float(number)
            elif name in FAMILIES and 0.0 <= number <= STRONGEST:
                if number != 1.0 or self.base.name != "plan":
                    strengths[name] = float(number)
            else:
                message = f"{name!r}: {value!r}; allowed: {', '.join(FAMILIES)} from 0 to 2, demand"
                raise ValueError(message)
        moved = strengthened(self.base, strengths, self.pack) if strengths else self.base
        return replace(moved, demand_shift=shift)

    def answer(self, setting: Mapping[str, Any], lang: Language) -> dict[str, Any]:
        """Run a setting and tell its headline probabilities and fans."""
        start = time.perf_counter()
        results = simulate(
            self.scenario(setting),
            replicates=self.replicates,
            seed=self.seed,
            through=self.through,
            pack=self.pack,
        )
        together = results.joint(goals(self.pack))
        rows = [
            {
                "id": row.target.id,
                "label": labelled(row.target, lang),
                "p": row.p,
                "low": row.p_low,
                "high": row.p_high,
                "word": chance(row.p, lang),
            }
            for row in results.targets()
            if row.target.headline
        ]
        joint = {
            "id": "joint",
            "label": say("live.joint", lang),
            "p": together[0],
            "low": together[1],
            "high": together[2],
            "word": chance(together[0], lang),
        }
        return {
            "targets": [joint, *rows],
            "fans": [self.fan(results, name, lang) for name in ("revenue", "fai")],
            "seconds": time.perf_counter() - start,
        }

    def fan(self, results: Results, name: str, lang: Language) -> dict[str, Any]:
        """Quantiles of a flow cumulated in the plan year, and its target path."""
        values = year_to_date(results, name)
        first = 12 * (self.pack.plan_year - self.pack.base_year)
        base = np.median(values[:, :12], axis=0)
        asked = goal(self.pack, name)
        return {
            "id": name,
            "label": f"{say(f'measure.{name}', lang)} ({say('live.unit', lang)})",
            "column": MONTHLY[name],
            "quantiles": np.quantile(values[:, first : first + 12], QUANTILES, axis=0).tolist(),
            "path": None if asked is None else (base * asked / base[11]).tolist(),
        }

    def yaml(self, name: str, setting: Mapping[str, Any]) -> str:
        """Write a setting as a scenario file.

        Raises
        ------
        ValueError
            If the name or the setting is not allowed.
        """
        if not name.isidentifier() or not name.isascii() or len(name) > 40:
            message = f"{name!r} is not a name; allowed: a-z, 0-9 and _, a letter first"
            raise ValueError(message)
        scenario = self.scenario(setting)
        moved = {k: v for k, v in scenario.levels.items() if v != self.base.levels[k]}
        words = ", ".join(f"{k} {v:g}" for k, v in setting.items())
        lines = [
            f"# {words}",
            f"name: {name}",
            f"title_zh: {name}",
            f"title_en: {name}",
            f"parent: {self.base.name}",
            f"demand_shift: {scenario.demand_shift!r}",
        ]
        if moved:
            lines += ["levers:", *(f"  {k}: {v!r}" for k, v in moved.items())]
        return "\n".join(lines) + "\n"


class Server(ThreadingHTTPServer):
    """Serves the page and its answers, one run at a time, to this machine alone."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, desk: Desk, port: int, lang: Language) -> None:
        super().__init__((HOST, port), Handler)
        self.desk = desk
        self.lang = lang
        self.token = secrets.token_urlsafe(24)
        self.turn = threading.Lock()
        self.hosts = {f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"}

    @property
    def address(self) -> str:
        """Address of the page."""
        return f"http://{HOST}:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    """One request: the page, or an answer to the page."""

    server: Server
    server_version = "xuchang-sim"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Send the page."""
        if not self._is_ours():
            return
        if self.path.partition("?")[0] != "/":
            self._send(404, b"not here", "text/plain")
            return
        lang: Language = "en" if "lang=en" in self.path else self.server.lang
        if "lang=zh" in self.path:
            lang = "zh"
        self._send(200, render(self.server, lang).encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        """Answer a setting of the sliders, or write it as a scenario."""
        if not self._is_ours():
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(413, b"too long", "text/plain")
            return
        body = self.rfile.read(int(length))
        sent = self.headers.get("X-Token", "").encode("latin-1", "replace")
        if not hmac.compare_digest(sent, self.server.token.encode()):
            self._send(403, b"not from this page", "text/plain")
            return
        try:
            data = json.loads(body)
            setting, lang = data["setting"], data["lang"]
            if lang not in {"zh", "en"} or not isinstance(setting, dict):
                raise ValueError(lang)  # noqa: TRY301 - told below like the rest
            if self.path == "/run":
                with self.server.turn:
                    told: Any = self.server.desk.answer(setting, lang)
            elif self.path == "/save":
                told = {"yaml": self.server.desk.yaml(str(data["name"]), setting)}
            else:
                self._send(404, b"not here", "text/plain")
                return
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self._send(400, json.dumps({"error": str(error)}).encode(), "application/json")
            return
        text = json.dumps(told, allow_nan=False, ensure_ascii=False)
        self._send(200, text.encode(), "application/json")

    def _is_ours(self) -> bool:
        """Whether the request names this machine; another site's page cannot forge that."""
        if self.headers.get("Host") in self.server.hosts:
            return True
        self._send(403, b"wrong host", "text/plain")
        return False

    def _send(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; script-src 'nonce-{self.server.token}'; style-src 'unsafe-inline';"
            " connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the page itself shows what happens."""


def render(server: Server, lang: Language) -> str:
    """Return the page in a language."""
    import jinja2  # noqa: PLC0415 - only wanted here

    folder = resources.files("xuchang_sim.report") / "templates"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((folder / "live.html").read_text(encoding="utf-8"))
    desk = server.desk
    sliders = [
        {"id": name, "label": say(f"axis.{name}", lang), "low": 0, "high": STRONGEST, "at": 1}
        for name in FAMILIES
    ]
    sliders.append(
        {
            "id": "demand",
            "label": say("axis.demand", lang),
            "low": -LARGEST_SHIFT,
            "high": LARGEST_SHIFT,
            "at": desk.base.demand_shift,
        }
    )
    return template.render(
        lang="zh-CN" if lang == "zh" else "en",
        code=lang,
        other="en" if lang == "zh" else "zh",
        token=server.token,
        title=titled(desk.pack, lang),
        base=titled(desk.base, lang),
        replicates=desk.replicates,
        sliders=sliders,
        words={
            key.removeprefix("live."): CATALOGUE[key][0 if lang == "zh" else 1]
            for key in CATALOGUE
            if key.startswith("live.")
        },
    )
