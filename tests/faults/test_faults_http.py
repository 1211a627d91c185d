"""HTTP: of damaged, smuggled, slow and aborted requests none is answered that the page did not send."""

from __future__ import annotations

import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.faults import damage
from xuchang_sim.pack.load import load_pack, shipped
from xuchang_sim.report.live import CONNECTIONS, FAMILIES, HOST, MAX_BODY, Desk, Server

KINDS = ("digit", "sign", "exponent", "id", "drop", "double", "length", "host", "behind", "cut",
         "slow", "noise")  # fmt: skip
LENGTHS = ("²", "-1", "+5", " 5", "0x10", "1_0", "٣", "9" * 5000, "5, 5", "", "1e2", "4097", "99999",
           "5\r\nContent-Length: 50", "5\r\nTransfer-Encoding: chunked")  # fmt: skip
HOSTS = ("evil.example", "127.0.0.1", "localhost", "127.0.0.1.evil.example", "[::1]", "8.8.8.8", "",
         "127.0.0.1:1", "127.0.0.1:80@evil.example")  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(Desk(load_pack(shipped()[-1]), replicates=4), 0, "en") as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join(10)


def asked(server: Server, rng: random.Random) -> str:
    """Return a request as the page sends it: the page itself, or a scenario to be written."""
    host = f"{HOST}:{server.server_port}"
    lines = [f"Host: {host}", "Sec-Fetch-Site: same-origin"]
    body = ""
    if rng.random() < 0.3:
        head = f"GET /{server.key}/?lang=zh HTTP/1.1"
    else:
        setting = {name: round(rng.uniform(0.0, 2.0), 2) for name in FAMILIES}
        body = json.dumps({"setting": setting, "lang": "en", "name": "mine_1"})
        head = f"POST /{server.key}/save HTTP/1.1"
        lines += [
            f"Origin: http://{host}",
            f"X-Token: {server.token}",
            f"Content-Length: {len(body)}",
        ]
    return "\r\n".join([head, *lines, "", body])


def replaced(text: str, name: str, value: str) -> str:
    """Put another value into a header, or the header in if it is not there."""
    found = re.subn(rf"(?m)^{name}: .*?(?=\r)", lambda _: f"{name}: {value}", text, count=1)
    return found[0] if found[1] else text.replace("\r\n", f"\r\n{name}: {value}\r\n", 1)


def mutated(kind: str, rng: random.Random, text: str, server: Server) -> bytes:
    """Change one thing of a request."""
    if kind in damage.KINDS:
        if kind == "id":  # a letter of the head: method, path, secret, names and values of headers
            head, _, body = text.partition("\r\n\r\n")
            places = [k for k, c in enumerate(head) if c.isalpha()]
            k = rng.choice(places)
            return f"{head[:k]}{rng.choice('abcxyzABC_')}{head[k + 1 :]}\r\n\r\n{body}".encode()
        if damage.can(kind, text):
            return damage.mutated(kind, rng, text).text.encode()
        return text.replace("HTTP/1.1", "HTTP/1.-1").encode()
    if kind == "length":
        return replaced(text, "Content-Length", rng.choice(LENGTHS)).encode()
    if kind == "host":
        name = rng.choice(["Host", "Origin"])
        told = rng.choice(HOSTS)
        return replaced(text, name, told if name == "Host" else f"http://{told}").encode()
    if kind == "behind":  # refused, with a good request as its body or behind it
        host = f"{HOST}:{server.server_port}"
        good = f"GET /{server.key}/ HTTP/1.1\r\nHost: {host}\r\n\r\n"
        first = rng.choice(["POST /x", "GET /x", "PUT /", f"POST /{server.key}/run", "HEAD /"])
        length = rng.choice([0, len(good), 5, MAX_BODY])
        lines = [f"{first} HTTP/1.1", "Host: evil.example", f"Content-Length: {length}"]
        return ("\r\n".join([*lines, "Connection: keep-alive", "", ""]) + good * 2).encode()
    data = text.encode()
    if kind == "noise":
        k = rng.randrange(len(data))
        return data[:k] + rng.randbytes(rng.randrange(1, 40)) + data[k + 1 :]
    return data[: rng.randrange(len(data))]  # cut or slow


def reply(server: Server, data: bytes, kind: str) -> bytes:
    """Send bytes and return all that comes back; an aborted client does not wait for it."""
    with socket.create_connection((HOST, server.server_port), timeout=20) as client:
        with suppress(OSError):
            client.sendall(data)
        if kind == "cut":
            return b""
        found = b""
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(65536):
                found += part
        return found


def is_the_pages(server: Server, data: bytes) -> bool:
    """Whether a request is one of the page's own: read apart from the server."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    host = f"{HOST}:{server.server_port}"
    words = first.split()
    if len(words) < 2 or headers.get("host") not in ([host], [host.replace(HOST, "localhost")]):
        return False
    if not words[1].split("?")[0].startswith(f"/{server.key}"):
        return False
    if words[0] == "GET":
        return True
    length = headers.get("content-length", [""])
    if len(length) != 1 or not re.fullmatch("[0-9]+", length[0]) or int(length[0]) > len(body):
        return False
    return words[0] == "POST" and headers.get("x-token", [""])[0] == server.token


def test_no_damaged_request_is_answered_that_the_page_did_not_send(
    server: Server, capsys: Any, record_property: Callable[[str, object], None]
) -> None:
    tally = damage.Tally("http", "tests/faults/test_faults_http.py", record_property)
    slow: list[socket.socket] = []
    for n in tally.numbers(360):
        kind, rng = damage.kind_of(n, KINDS), damage.source(n)
        data = mutated(kind, rng, asked(server, rng), server)
        with tally.trying(n, kind, data[:300]):
            if kind == "slow":  # says a part of a request and then nothing
                client = socket.create_connection((HOST, server.server_port), timeout=20)
                client.sendall(data)
                slow.append(client)
                while len(slow) > 2 * CONNECTIONS:
                    slow.pop(0).close()
                continue
            found = reply(server, data, kind)
            assert found.count(b"HTTP/1.0 ") <= 1, found[:200]
            status = re.match(rb"HTTP/1\.0 (\d{3}) ", found)
            assert status or not found, found[:200]
            if status and status[1] == b"200":
                assert is_the_pages(server, data), found[:200]
                assert kind != "behind"
            else:
                tally.refused[kind] += 1
                assert server.token.encode() not in found
                assert server.key.encode() not in found
    for client in slow:
        client.close()
    begun = time.monotonic()
    rng = damage.source(0)
    while b" 200 " not in reply(server, asked(server, rng).encode(), "")[:20]:
        assert time.monotonic() - begun < 10.0, "nobody else is answered"
    end = time.monotonic() + 20.0
    while server.connections and time.monotonic() < end:
        time.sleep(0.05)
    assert not server.connections
    assert capsys.readouterr().err == ""
    tally.close()
