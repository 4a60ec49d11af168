"""Limits of size and time: what is too large, too deep, too slow or no HTTP is refused or cut.

Sizes are limited at the edge and at the applications, times at the edge, which hands on only whole
requests (docs/decisions/0141).
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from contract.errors import PROBLEM_MEDIA_TYPE, Problem
from contract.http import MAX_BODY_BYTES
from tests.contract.suite.shop import Answer, Shop, check_problem
from tests.contract.suite.targets import Target
from tests.security.wire import Heard, SlowClients, tell

HEAD = b"POST /api/sessions HTTP/1.1\r\nHost: store\r\nContent-Type: application/json\r\n"
GET = b"GET /livez HTTP/1.1\r\nHost: store\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SLOW = 40
"""Slow clients at a time of each kind: more than the monolith has threads."""
IDLE = 500


def edge(target: Target) -> int:
    port = urlsplit(target.stack.base_url).port
    assert port
    return port


def application(target: Target) -> int:
    """The port of the process that signs in, past the proxy."""
    part = "accounts" if target.name == "microservices" else target.name
    return target.stack.processes[part, 0].command.port


def doors(targets: list[Target]) -> list[tuple[str, int]]:
    return [(f"{target.name} {door.__name__}", door(target))
            for target in targets for door in (edge, application)]


def padded(size: int) -> bytes:
    """A JSON object of so many bytes."""
    return b'{"email":"' + b"x" * (size - 12) + b'"}'


def with_length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def in_chunks(body: bytes, size: int = 65_536) -> bytes:
    chunks = (body[at:at + size] for at in range(0, len(body), size))
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return HEAD + CHUNKED + b"\r\n" + framed + b"0\r\n\r\n"


def headers(number: int, size: int) -> bytes:
    lines = b"".join(b"X-%d: %s\r\n" % (n, b"a" * size) for n in range(number))
    return GET + lines + b"\r\n"


def problem(heard: Heard) -> Problem:
    """Fail unless a whole problem document came; return it."""
    assert heard.headers["content-type"] == PROBLEM_MEDIA_TYPE, heard
    found = Problem.model_validate(heard.problem)
    assert found.status == heard.status
    assert found.request_id == heard.headers["x-request-id"]
    return found


@pytest.mark.parametrize("frame", [with_length, in_chunks], ids=["length", "chunks"])
@pytest.mark.parametrize(("size", "code"), [
    (MAX_BODY_BYTES - 1, "validation_failed"), (MAX_BODY_BYTES, "validation_failed"),
    (MAX_BODY_BYTES + 1, "body_too_large"), (4 * MAX_BODY_BYTES, "body_too_large")])
def test_a_body_may_have_one_mebibyte(
        frame: object, size: int, code: str, everyone: list[Target]) -> None:
    assert callable(frame)
    for name, port in doors(everyone):
        assert problem(tell(port, frame(padded(size)))).code == code, name


@pytest.mark.parametrize("body", [
    b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"email":' * 100_000,
    b'{"email":' + b"9" * 100_000 + b"}", b'{"email":"' + b"\\u0000" * 100_000 + b'"'],
    ids=["open", "closed", "objects", "number", "escapes"])
def test_deep_and_heavy_json_is_refused(body: bytes, everyone: list[Target]) -> None:
    for name, port in doors(everyone):
        assert problem(tell(port, with_length(body))).code == "malformed_json", name


def test_a_length_that_is_only_declared_is_refused_at_the_application(
        everyone: list[Target]) -> None:
    for target in everyone:
        heard = tell(application(target), HEAD + b"Content-Length: 10737418240\r\n\r\n{")
        assert problem(heard).code == "body_too_large", target.name


@pytest.mark.parametrize("sent", [
    headers(1, 100_000), headers(1, 1_000_000), headers(1_000, 1), headers(90, 1_000),
    b"GET /api/search?q=" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: store\r\n\r\n"],
    ids=["long", "huge", "many", "sum", "address"])
def test_long_headers_are_refused_at_the_edge(sent: bytes, everyone: list[Target]) -> None:
    for target in everyone:
        heard = tell(edge(target), sent)
        assert (heard.status, problem(heard).code) == (431, "headers_too_large"), target.name


@pytest.mark.parametrize("sent", [
    headers(1, 1_000_000), headers(1_000, 1),
    b"GET /api/search?q=" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: store\r\n\r\n"],
    ids=["huge", "many", "address"])
def test_long_headers_are_refused_at_the_application(sent: bytes, everyone: list[Target]) -> None:
    for target in everyone:
        assert tell(application(target), sent).status in (414, 431), target.name


@pytest.mark.parametrize("sent", [
    HEAD + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\nGET /livez HTTP/1.1\r\n\r\n",
    HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    HEAD + b"Content-Length: -1\r\n\r\n", HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    HEAD + CHUNKED + b"\r\nZZ\r\nab\r\n0\r\n\r\n", GET + b"X-A: a\x00b\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost : store\r\n\r\n", b"GET /livez HTTP/1.1\r\n\r\n",
    b"GET /livez\r\n\r\n", b"GET /livez HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01" * 9,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
    ids=["both lengths", "two lengths", "negative", "encoding", "chunk", "nul", "space", "no host",
         "0.9", "1.0", "TLS", "HTTP/2", "upgrade"])
def test_what_is_not_plain_http_1_1_ends_at_the_edge(sent: bytes, everyone: list[Target]) -> None:
    for target in everyone:
        heard = tell(edge(target), sent)
        assert problem(heard).code == "malformed_request", (target.name, heard)
        assert heard.status < 500 or heard.status == 501


def test_a_body_that_breaks_off_is_malformed_at_the_application(everyone: list[Target]) -> None:
    for target in everyone:
        heard = tell(application(target), HEAD + CHUNKED + b"\r\nZZ\r\nab\r\n0\r\n\r\n")
        assert problem(heard).code == "malformed_json", (target.name, heard)


def test_an_application_ignores_a_wish_for_another_protocol(everyone: list[Target]) -> None:
    upgrade = GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    for target in everyone:
        assert tell(application(target), upgrade).status == 200, target.name


@pytest.fixture(scope="module")
def slow(everyone: list[Target]) -> Iterator[dict[str, list[SlowClients]]]:
    """Slow clients of every kind at every edge, all at once, for as long as the module runs."""
    body = HEAD + b"Content-Length: 1000\r\n\r\n{"
    kinds = {
        "head": (GET + b"X-A: ", b"a"),
        "stalled head": (b"GET /livez HT", b""),
        "body": (body, b" "),
        "stalled body": (body, b""),
        "chunks": (HEAD + CHUNKED + b"\r\n1\r\n{\r\n", b"1\r\n \r\n"),
    }
    clients = {kind: [SlowClients(edge(target), *how, number=SLOW, patience_s=60)
                      for target in everyone] for kind, how in kinds.items()}
    yield clients
    for several in clients.values():
        for one in several:
            one.join()


def test_others_are_served_while_clients_are_slow(
        slow: dict[str, list[SlowClients]], everyone: list[Target]) -> None:
    for target in everyone:
        for _ in range(20):
            assert target.shop.raw("GET", "/api/products/1").status == 200
        refused = target.shop.raw("POST", "/api/sessions", b"{}", {
            "Content-Type": "application/json"})
        assert check_problem(refused).code == "validation_failed"
    waiting = [one.still_open for one in slow["body"]]
    assert waiting == [SLOW] * len(everyone)


@pytest.mark.parametrize("kind", ["head", "stalled head", "body", "stalled body", "chunks"])
def test_slow_clients_are_cut_off_with_an_error(
        kind: str, slow: dict[str, list[SlowClients]]) -> None:
    for clients in slow[kind]:
        heard = clients.join()
        assert len(heard) == SLOW
        for one in heard:
            assert (one.status, problem(one).code) == (408, "request_timeout")


def test_idle_connections_do_not_keep_others_out(everyone: list[Target]) -> None:
    for _, port in doors(everyone):
        idle = SlowClients(port, b"", b"", number=IDLE, patience_s=1)
        answer: Answer = Shop("edge", f"http://127.0.0.1:{port}").raw("GET", "/livez")
        assert (answer.status, idle.still_open) == (200, IDLE)
        idle.join()
