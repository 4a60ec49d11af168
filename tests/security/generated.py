"""Requests made from the served OpenAPI document, by Schemathesis, then made to matter.

Schemathesis draws what the document allows and what it forbids.  Random ids, tokens and addresses
would almost never meet anything that exists, and random bytes seldom a rule of HTTP: `_season`
therefore puts in what exists and `_twist` breaks the request itself.  The same seed makes the same
requests.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from contract.endpoints import BY_NAME
from contract.http import IDEMPOTENCY_HEADER
from contract.seed import ADMIN_EMAIL, SEED_PASSWORD
from tests.contract.suite.shop import Answer

Who = Literal["nobody", "customer", "other", "admin", "expired", "as generated"]
KNOWN: Final = "known-id"
"""Stands in a path for an id that each store made itself; see `Generated.known`."""

_CARDS: Final = ("tok_approve", "tok_approve", "tok_decline", "tok_never_heard_of")
_EMAILS: Final = tuple(f"fuzz{n}@b.example" for n in range(40))
_CATEGORIES: Final = ("kitchen", "toys", "no-such")
_BASE: Final = "http://store"
_NOT_SENT: Final = {"content-length", "transfer-encoding", "x-schemathesis-testcaseid"}
"""Headers that the client sets itself, and one that is different each time."""


@dataclass(frozen=True)
class Generated:
    """One request.  `known`: the number of an order; whose token: `who`; `form`: how it was made.

    `is_whole`: it goes to its endpoint as the document describes, without a twist.
    """

    endpoint: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    form: str
    who: Who = "nobody"
    known: int | None = None
    is_whole: bool = True
    answers: list[Answer] = field(default_factory=list, compare=False)

    def __str__(self) -> str:
        sent = {k: v for k, v in self.headers.items() if k != "Authorization"}
        return (f"{self.method} {self.path} as {self.who} ({self.form}) {sent} "
                f"{(self.body or b'')[:300]!r}")


def generate(document: dict[str, Any], count: int, seed_number: int) -> list[Generated]:
    """Return at least `count` requests, as many for each operation, in a mixed order."""
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    each = -(-count // (len(operations) * len(modes)))
    chance = random.Random(seed_number)
    made = [
        _twist(_season(_written(operation, case, mode), chance), chance)
        for operation in operations for mode in modes
        for case in _draw(operation.as_strategy(generation_mode=mode), each, seed_number)
    ]
    chance.shuffle(made)
    return made


def generate_alone(document: dict[str, Any], count: int, seed_number: int) -> list[Generated]:
    """The same in a process of its own.

    Hypothesis draws constants of whatever modules are loaded: within a suite a seed would make
    other requests than by itself.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(generate, document, count, seed_number).result()


def _draw(strategy: Any, count: int, seed_number: int) -> list[Any]:
    """Draw from a strategy; where it has fewer different values, they come again."""
    drawn: list[Any] = []
    for attempt in range(3):
        @seed(seed_number + attempt)
        @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))
        @given(strategy)
        def keep(case: Any) -> None:
            drawn.append(case)

        keep()
        if len(drawn) >= count:
            break
    return [drawn[n % len(drawn)] for n in range(count)]


def _written(operation: Any, case: Any, mode: GenerationMode) -> Generated:
    """Write a case down as what goes over the wire."""
    wire = requests.Request(**_kwargs(case)).prepare()
    split = urlsplit(str(wire.url))
    path = split.path + (f"?{split.query}" if split.query else "")
    body = wire.body.encode() if isinstance(wire.body, str) else wire.body
    headers = {str(key): _text(value) for key, value in wire.headers.items()
               if key.lower() not in _NOT_SENT}
    name = operation.definition.raw["operationId"]
    return Generated(name, str(wire.method), path, headers, body, mode.value)


def _kwargs(case: Any) -> dict[str, Any]:
    known = ("method", "url", "headers", "files", "data", "params", "auth", "cookies", "json")
    return {key: value for key, value in case.as_transport_kwargs(base_url=_BASE).items()
            if key in known}


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _season(made: Generated, chance: random.Random) -> Generated:
    """Let a request come from somebody and be about something that exists, more often than not."""
    endpoint = BY_NAME[made.endpoint]
    usual: Who = "admin" if endpoint.access == "admin" else "customer"
    everybody: tuple[Who, ...] = (usual, "nobody", "other", "admin", "expired", "as generated")
    made = replace(made, who=chance.choices(everybody, (70, 8, 8, 5, 4, 5))[0])
    path, _, query = made.path.partition("?")
    parts = path.split("/")
    if "{product_id}" in endpoint.path and chance.random() < 0.6:
        parts[-1] = str(chance.randint(1, 9))
    if "{order_id}" in endpoint.path and chance.random() < 0.6:
        parts[3] = KNOWN
    if "{payment_id}" in endpoint.path and chance.random() < 0.6:
        parts[3] = KNOWN
    if query and "category=" in query and chance.random() < 0.5:
        query = "&".join(f"category={chance.choice(_CATEGORIES)}" if pair.startswith("category=")
                         else pair for pair in query.split("&"))
    headers = dict(made.headers)
    if endpoint.takes_idempotency_key and made.form == "positive" and chance.random() < 0.8:
        headers[IDEMPOTENCY_HEADER] = chance.choice(
            (f"key-{chance.randint(1, 9)}", str(uuid.UUID(int=chance.getrandbits(128)))))
    return replace(made, path="/".join(parts) + (f"?{query}" if query else ""), headers=headers,
                   body=_seasoned_body(made, chance), known=chance.randrange(1_000))


def _seasoned_body(made: Generated, chance: random.Random) -> bytes | None:
    try:
        data = json.loads(made.body or b"")
    except ValueError:
        return made.body
    if not isinstance(data, dict) or chance.random() < 0.3:
        return made.body
    if "card_token" in data:
        data["card_token"] = chance.choice(_CARDS)
    if "email" in data:
        data["email"] = chance.choice((chance.choice(_EMAILS), ADMIN_EMAIL))
    if made.endpoint == "sign_in" and "password" in data:
        data["password"] = chance.choice((SEED_PASSWORD, SEED_PASSWORD, "wrong"))
    if made.endpoint == "create_product" and "category" in data:
        data["category"] = chance.choice(_CATEGORIES)
    return json.dumps(data).encode()


def _twist(made: Generated, chance: random.Random) -> Generated:
    """Break one request of five in a way that the document can't describe."""
    if chance.random() >= 0.2:
        return made
    body, kind = made.body or b"", chance.choice(sorted(_TWISTS))
    twisted = _TWISTS[kind](made, body, chance)
    return replace(twisted, form=kind, is_whole=False)


def _cut(made: Generated, body: bytes, chance: random.Random) -> Generated:
    return replace(made, body=body[:chance.randint(0, len(body))])


def _flip(made: Generated, body: bytes, chance: random.Random) -> Generated:
    at = chance.randrange(len(body) + 1)
    return replace(made, body=body[:at] + chance.randbytes(1) + body[at + 1:])


def _media_type(made: Generated, body: bytes, chance: random.Random) -> Generated:
    kinds = ("text/plain", "application/xml", "multipart/form-data", "application/JSON; charset=x",
             "", "application/json, text/plain")
    return replace(made, headers=made.headers | {"Content-Type": chance.choice(kinds)})


def _method(made: Generated, body: bytes, chance: random.Random) -> Generated:
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LOCK")
    return replace(made, method=chance.choice(methods))


def _path(made: Generated, body: bytes, chance: random.Random) -> Generated:
    path, _, query = made.path.partition("?")
    changed = chance.choice((path + "/", path + "/x", path.upper(), "/" + path, path + ";a=b",
                             path.replace("/api", "/api/."), path + "%00", path[:-1] or "/"))
    return replace(made, path=changed + (f"?{query}" if query else ""))


def _query(made: Generated, body: bytes, chance: random.Random) -> Generated:
    path, _, query = made.path.partition("?")
    more = chance.choice(("page=1&page=2", "=", "&&", "%", "%zz=1", "a[]=1", "page=%31", "+=+"))
    return replace(made, path=f"{path}?{query}&{more}" if query else f"{path}?{more}")


def _twice(made: Generated, body: bytes, chance: random.Random) -> Generated:
    """Name a field twice: parsers differ about which one counts."""
    if not body.startswith(b"{") or b":" not in body:
        return made
    first = body[1:].split(b",", 1)[0].rstrip(b"}")
    return replace(made, body=b"{" + first + b", " + body[1:])


_TWISTS: Final = {"cut": _cut, "flip": _flip, "media type": _media_type, "method": _method,
                  "path": _path, "query": _query, "twice": _twice}


def tally(made: list[Generated]) -> Iterator[str]:
    """Say what was sent and answered, one line for each endpoint."""
    by_endpoint: dict[str, dict[str, int]] = {}
    for request in made:
        status, code = request.answers[0].outcome
        row = by_endpoint.setdefault(request.endpoint, {})
        said = f"{status} {code}".strip()
        row[said] = row.get(said, 0) + 1
    for endpoint, row in sorted(by_endpoint.items()):
        yield f"{endpoint}: {sum(row.values())} (" + ", ".join(
            f"{said}: {n}" for said, n in sorted(row.items())) + ")"
