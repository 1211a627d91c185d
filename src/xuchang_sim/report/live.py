"""Live: a page on this machine whose sliders move the levers and whose numbers follow.

The server is Python's own, so there is nothing to install and nothing to keep up with. It listens
on 127.0.0.1 and answers only who knows the secret in the printed address. Every connection carries
one request; a few threads serve all of them; of the settings asked for, the newest one is run.
"""

from __future__ import annotations

import hmac
import html
import json
import math
import re
import secrets
import select
import socket
import sys
import tempfile
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from xuchang_sim.answers.packages import strengthened
from xuchang_sim.deferred import deferred
from xuchang_sim.pack.scenario import ResolvedScenario, load_scenario
from xuchang_sim.report.figures.paths import MONTHLY, year_to_date
from xuchang_sim.report.inputs import without_verdict
from xuchang_sim.report.sentences import chance
from xuchang_sim.simulation.settings import Settings
from xuchang_sim.simulation.targets import goal, goals
from xuchang_sim.text import LANGUAGES, Language, labelled, phrase, phrases, say, titled
from xuchang_sim.yamlfile import InputError

with deferred():
    import jinja2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xuchang_sim.pack.load import Pack
    from xuchang_sim.simulation.results import Results

HOST = "127.0.0.1"  # never another address
MAX_BODY = 4096
MAX_HEAD = 16_384  # bytes of a request's first line and headers together
READ_SECONDS = 5.0  # within which a whole request must have come
WRITE_SECONDS = 30.0  # within which an answer must have been taken
CONNECTIONS = 8  # open at once; beyond them the oldest is closed, those still being read first
FAMILIES = ("land", "finance", "labour", "process", "attraction")
STRONGEST, LARGEST_SHIFT = 2.0, 2.0
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Desk:
    """Answers to the page: a setting of the sliders in, probabilities and fans out.

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
        through = f"{pack.plan_year}-12"
        self.study = Settings(pack, replicates=replicates, seed=seed, through=through)
        self.base = self.study.scenario(base)

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
                message = phrase(
                    "live.setting", name=name, value=value, families=", ".join(FAMILIES)
                )
                raise ValueError(message)
        moved = strengthened(self.base, strengths, self.pack) if strengths else self.base
        return replace(moved, demand_shift=shift)

    def answer(
        self,
        setting: Mapping[str, Any],
        lang: Language,
        progress: Callable[[int, int], None] | None = None,
    ) -> dict[str, Any]:
        """Run one setting of the levers; return its headline probabilities and fan charts.

        ``progress`` is called with (replicates done, replicates in all); raising there ends the run.
        """
        start = time.perf_counter()
        results = self.study.with_(progress=progress).simulate(self.scenario(setting))
        unrated = without_verdict(results.setup)
        rows = [
            {
                "id": row.target.id,
                "label": labelled(row.target, lang),
                "p": row.p,
                "low": row.p_low,
                "high": row.p_high,
                "rated": row.target.id not in unrated,
                "word": chance(row.p, lang, rated=row.target.id not in unrated),
            }
            for row in results.targets()
            if row.target.headline
        ]
        if ids := goals(self.pack):
            p, low, high = results.joint(ids)
            joint = {"id": "joint", "label": say("live.joint", lang), "p": p, "low": low}
            rated = unrated.isdisjoint(ids)
            word = chance(p, lang, rated=rated)
            rows.insert(0, joint | {"high": high, "rated": rated, "word": word})
        return {
            "targets": rows,
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
            If the name or the setting is not allowed, or the name is that of a scenario.
        """
        if not name.isidentifier() or not name.isascii() or len(name) > 40:
            message = phrase("live.not_a_name", name=name)
            raise ValueError(message)
        with suppress(InputError):
            load_scenario(name, self.pack)
            message = phrase("live.taken", name=name)
            raise ValueError(message)
        scenario = self.scenario(setting)
        moved = {k: v for k, v in scenario.levels.items() if v != self.base.levels[k]}
        words = ", ".join(f"{k} {v:g}" for k, v in setting.items())
        lines = [
            f"# {words}",
            *(f'{key}: "{name}"' for key in ("name", "title_zh", "title_en")),
            f"parent: {self.base.name}",
            f"demand_shift: {scenario.demand_shift!r}",
        ]
        if moved:
            lines += ["levers:", *(f"  {k}: {v!r}" for k, v in moved.items())]
        return "\n".join(lines) + "\n"


class LeftError(Exception):
    """A run is no longer wanted: a newer setting was asked for, or the page was closed."""


class Turns:
    """One run at a time; of those waiting, and of the one at work, the newest wins."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._newest = 0
        self._busy = False

    @contextmanager
    def newest(self, number: int, gone: Callable[[], bool]) -> Iterator[Callable[[int, int], None]]:
        """Wait for the turn; yield a progress function that raises once the run is not wanted.

        Parameters
        ----------
        number : int
            Place of the request in the order in which the requests came.
        gone : callable
            Whether the client has left.

        Raises
        ------
        LeftError
            If a newer setting comes first, or the client leaves.
        """
        with self._changed:
            if number < self._newest or gone():  # who has left keeps nobody else out
                raise LeftError
            self._newest = number
            self._changed.notify_all()

        def check(_done: int = 0, _whole: int = 0) -> None:
            if number != self._newest or gone():
                raise LeftError

        with self._changed:
            while self._busy:
                check()
                self._changed.wait(0.2)
            check()
            self._busy = True
        try:
            yield check
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()


class Server(HTTPServer):
    """Serves the page and its answers to who knows the address, on this machine alone."""

    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, desk: Desk, port: int, lang: Language) -> None:
        super().__init__((HOST, port), Handler)
        self.desk = desk
        self.lang = lang
        self.key = secrets.token_urlsafe(24)  # in the address: who has it may see the page
        self.token = secrets.token_urlsafe(24)  # in the page: who has it may ask
        self.turns = Turns()
        self.hosts = {f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"}
        self._open: dict[socket.socket, bool] = {}  # connections, oldest first: still being read?
        self._numbers: dict[socket.socket, int] = {}  # the same, in the order in which they came
        self._came = 0
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """Address of the page, its secret included."""
        return f"http://{HOST}:{self.server_port}/{self.key}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own; where there are too many, close the slowest."""
        with self._lock:
            if len(self._open) >= CONNECTIONS:
                slow = next((one for one, reading in self._open.items() if reading), None)
                slow = slow or next(iter(self._open))
                del self._open[slow]
                with suppress(OSError):
                    slow.shutdown(socket.SHUT_RDWR)  # its thread reads the end, and closes it
            self._open[request] = True
            self._came += 1
            self._numbers[request] = self._came
        threading.Thread(
            target=self._serve, args=(request, client_address), daemon=True, name="live"
        ).start()

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except (OSError, ValueError):
            pass  # the client left, or was too slow: there is no reader left
        except Exception:  # noqa: BLE001 - a fault of this program must not end the server
            traceback.print_exc(file=sys.stderr)
        finally:
            with self._lock:
                self._open.pop(request, None)
                self._numbers.pop(request, None)
            self.shutdown_request(request)

    def has_read(self, request: socket.socket) -> None:
        """Note that a request has come whole: it is no longer closed in favour of others."""
        with self._lock:
            if request in self._open:
                self._open[request] = False

    def number(self, request: socket.socket) -> int:
        """Place of a connection in the order in which all came."""
        with self._lock:
            return self._numbers[request]

    @property
    def connections(self) -> int:
        """Connections open now."""
        with self._lock:
            return len(self._open)


#: A return without its line feed, which some readers take for the end of a line, and controls.
_ODD = re.compile(rb"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class _Deadline:
    """Reads a socket within a time and a number of bytes for all reads together."""

    def __init__(self, connection: socket.socket, seconds: float, most: int) -> None:
        self._connection = connection
        self._end = time.monotonic() + seconds
        self._left = most
        self._held = b""
        self.odd = False  # whether a line held what no line of a head holds

    def _more(self) -> bool:
        left = self._end - time.monotonic()
        if left <= 0.0 or self._left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        data = self._connection.recv(min(4096, self._left))
        self._left -= len(data)
        self._held += data
        return bool(data)

    def readline(self, size: int = -1) -> bytes:
        """Return a line, its end included; less at the end of what is sent."""
        while b"\n" not in self._held and not 0 <= size <= len(self._held) and self._more():
            pass
        end = self._held.find(b"\n") + 1 or len(self._held)
        line = self._take(min(end, size) if size >= 0 else end)
        self.odd |= _ODD.search(line) is not None
        return line

    def read(self, size: int) -> bytes:
        """Return `count` bytes; fewer at the end of the request."""
        while len(self._held) < size and self._more():
            pass
        return self._take(size)

    def _take(self, size: int) -> bytes:
        result, self._held = self._held[:size], self._held[size:]
        return result

    def close(self) -> None:
        """Nothing is held open here."""


class Handler(BaseHTTPRequestHandler):
    """One request: the page, or an answer to the page. The connection then closes."""

    server: Server
    server_version = "xuchang-sim"
    sys_version = ""
    protocol_version = "HTTP/1.0"  # one request a connection: what follows is never read as another

    def setup(self) -> None:
        """Read within a time and a size."""
        super().setup()
        self._reader = _Deadline(self.connection, READ_SECONDS, MAX_HEAD + MAX_BODY)
        self.rfile = self._reader  # type: ignore[assignment]

    def parse_request(self) -> bool:
        """Read the head; refuse what has no version, and what two readers could read as two heads."""
        if not super().parse_request():
            return False
        if self._reader.odd or self.request_version == "HTTP/0.9":
            self.send_error(400)
            return False
        return True

    def do_GET(self) -> None:
        """Send the page."""
        if (asked := self._asked()) is None:
            return
        if asked != "/":
            self._send(404, b"not here", "text/plain")
            return
        chosen = parse_qs(urlsplit(self.path).query).get("lang", [""])[0]
        lang: Language = chosen if chosen in LANGUAGES else self.server.lang
        nonce = secrets.token_urlsafe(16)
        page = render(self.server, lang, nonce).encode()
        self._send(200, page, "text/html; charset=utf-8", nonce)

    def do_POST(self) -> None:
        """Run the levers as the sliders set them, or save them as a scenario."""
        if (asked := self._asked()) is None:
            return
        lengths = self.headers.get_all("Content-Length") or [""]
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,5}", lengths[0]):
            self._send(411, b"a length in bytes, once", "text/plain")
            return
        length = int(lengths[0])
        if length > MAX_BODY or len(lengths) > 1:
            self._send(413, b"too long", "text/plain")
            return
        sent = self.headers.get("X-Token", "").encode("latin-1", "replace")
        if not hmac.compare_digest(sent, self.server.token.encode()):
            self._send(403, b"not from this page", "text/plain")
            return
        body = self.rfile.read(length)
        if len(body) < length:
            self._send(400, b"less than the length says", "text/plain")
            return
        self.server.has_read(self.connection)
        try:
            data = json.loads(body)
            setting, lang = data["setting"], data["lang"]
            if lang not in LANGUAGES or not isinstance(setting, dict):
                raise ValueError(lang)  # noqa: TRY301 - answered below like the rest
            if asked == "/run":
                self.server.desk.scenario(setting)
                number = self.server.number(self.connection)
                with self.server.turns.newest(number, self._gone) as progress:
                    answer: Any = self.server.desk.answer(setting, lang, progress)
            elif asked == "/save":
                answer = {"yaml": self.server.desk.yaml(str(data["name"]), setting)}
            else:
                self._send(404, b"not here", "text/plain")
                return
        except LeftError:
            self._json(409, {"error": say("live.newer", lang)})
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self._json(400, {"error": str(error)})
        else:
            self._json(200, answer)

    def _asked(self) -> str | None:
        """Path behind the secret, if the request is the page's own or its opening; else None.

        Another site's page can forge neither the host nor where it comes from. A request that
        opens the page may come from elsewhere (a terminal, a file that leads here): it has the secret.
        """
        origin = self.headers.get("Origin")
        site = self.headers.get("Sec-Fetch-Site", "same-origin")
        opens = self.command == "GET" and self.headers.get("Sec-Fetch-Mode") == "navigate"
        if self.headers.get_all("Host") not in [[host] for host in self.server.hosts]:
            self._send(403, b"wrong host", "text/plain")
        elif origin is not None and origin not in {f"http://{host}" for host in self.server.hosts}:
            self._send(403, b"wrong origin", "text/plain")
        elif site not in {"same-origin", "none"} and not opens:
            self._send(403, b"from another site", "text/plain")
        else:
            _, key, *rest = (urlsplit(self.path).path + "/").split("/", 2)
            if hmac.compare_digest(key.encode("utf-8", "replace"), self.server.key.encode()):
                return "/" + rest[0].rstrip("/")
            self._send(403, b"the address was printed where the page was started", "text/plain")
        return None

    def _gone(self) -> bool:
        """Whether the client has left: its side of the connection is at an end."""
        try:
            ready, _, _ = select.select([self.connection], [], [], 0)
            return bool(ready) and not self.connection.recv(1, socket.MSG_PEEK)
        except (OSError, ValueError):
            return True

    def _json(self, code: int, data: Any) -> None:
        text = json.dumps(data, allow_nan=False, ensure_ascii=False)
        self._send(code, text.encode("utf-8", "replace"), "application/json")

    def _send(self, code: int, body: bytes, kind: str, nonce: str = "none") -> None:
        self.server.has_read(self.connection)
        self.connection.settimeout(WRITE_SECONDS)
        self.close_connection = True
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline';"
            " connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
        )
        self.end_headers()
        self.wfile.write(body)
        self._let_go()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no request in a word; the sender's own words are not repeated."""
        del message, explain
        self.request_version = "HTTP/1.0"
        self._send(code, b"not a request that is answered here", "text/plain")

    def _let_go(self) -> None:
        """Take in a little of what was not read: a reset could destroy the answer on its way."""
        with suppress(OSError, ValueError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            end = time.monotonic() + 1.0
            for _ in range(32):
                self.connection.settimeout(max(0.01, end - time.monotonic()))
                if time.monotonic() > end or not self.connection.recv(4096):
                    break

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the page itself shows what happens."""


@contextmanager
def opening(address: str) -> Iterator[str]:
    """Write a file that leads to an address, for this user alone; remove it afterwards.

    A program's arguments can be read by every user of the machine: a browser is given this file
    instead of the address with its secret.

    Yields
    ------
    str
        Address of the file.
    """
    with tempfile.TemporaryDirectory(prefix="xuchang-sim-") as folder:
        path = Path(folder) / "open.html"
        target = html.escape(address, quote=True)
        path.write_text(
            f'<!DOCTYPE html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
            f'<meta http-equiv="refresh" content="0; url={target}"><a href="{target}">xuchang-sim</a>\n',
            encoding="utf-8",
        )
        yield path.as_uri()


def render(server: Server, lang: Language, nonce: str) -> str:
    """Return the page in a language; ``nonce`` marks the one script that may run."""
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
        home=f"/{server.key}/",
        token=server.token,
        nonce=nonce,
        title=titled(desk.pack, lang),
        base=titled(desk.base, lang),
        replicates=desk.replicates,
        sliders=sliders,
        words={
            key.removeprefix("live."): phrase
            for key, phrase in phrases(lang).items()
            if key.startswith("live.")
        },
    )
