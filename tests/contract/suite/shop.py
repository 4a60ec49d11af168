"""A client that believes nothing: every answer is held against `contract.endpoints`."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from contract import errors
from contract.access import access_codes
from contract.endpoints import BY_NAME, Endpoint
from contract.http import IDEMPOTENCY_HEADER, REQUEST_ID_HEADER

TIMEOUT_S = 15


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code; empty when there is none."""
        is_problem = self.headers.get("content-type") == errors.PROBLEM_MEDIA_TYPE
        return str(self.data["code"]) if is_problem else ""

    @property
    def outcome(self) -> tuple[int, str]:
        return self.status, self.code


@dataclass(frozen=True)
class Ask:
    """One request to an endpoint, the same for every store."""

    endpoint: str
    path: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    json: Any = None
    token: str | None = None
    key: str | None = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Shop:
    """One store behind its edge."""

    def __init__(self, name: str, base_url: str) -> None:
        self.name = name
        self._address = urlsplit(base_url).netloc

    def __repr__(self) -> str:
        return self.name

    def raw(self, method: str, path: str, body: bytes | None = None,
            headers: Mapping[str, str] | None = None) -> Answer:
        """Send exactly this on a connection of its own; return whatever comes."""
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_S)
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                # A store may refuse a body before it has read all of it.
                connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            kept = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, kept, response.read())
        finally:
            connection.close()

    def send(self, ask: Ask) -> Answer:
        """Send a request to an endpoint and hold the answer against the contract."""
        endpoint = BY_NAME[ask.endpoint]
        headers: dict[str, str] = {}
        body = ask.body
        if ask.json is not None:
            body = json.dumps(ask.json).encode()
        if body is not None:
            headers["Content-Type"] = "application/json"
        if ask.token is not None:
            headers["Authorization"] = f"Bearer {ask.token}"
        if ask.key is not None:
            headers[IDEMPOTENCY_HEADER] = ask.key
        query = f"?{ask.query}" if ask.query else ""
        path = endpoint.path.format(**ask.path) + query
        answer = self.raw(endpoint.method, path, body, headers | ask.headers)
        check(endpoint, answer)
        return answer

    def call(self, endpoint: str, **given: Any) -> Answer:
        """Like `send`, written shorter."""
        return self.send(Ask(endpoint, **given))

    def get(self, endpoint: str, **given: Any) -> Any:
        """Return the data of an answer that must be the endpoint's success."""
        answer = self.call(endpoint, **given)
        assert answer.status == BY_NAME[endpoint].success, (self.name, endpoint, answer)
        return answer.data


def possible_codes(endpoint: Endpoint) -> set[str]:
    """What an endpoint may refuse with while everything works."""
    return {*endpoint.errors, *access_codes(endpoint), "route_not_found", "method_not_allowed"}


def check(endpoint: Endpoint, answer: Answer) -> None:
    """Fail unless the answer is one that the endpoint declares."""
    said = (endpoint.name, answer.status, answer.body[:1000])
    assert answer.headers.get(REQUEST_ID_HEADER.lower()), said
    if answer.status == endpoint.success:
        assert answer.headers["content-type"] == "application/json", said
        if endpoint.response:
            endpoint.response.model_validate_json(answer.body)
        return
    problem = check_problem(answer, may_be_replayed=endpoint.takes_idempotency_key)
    assert problem.code in possible_codes(endpoint), said


def check_problem(answer: Answer, *, may_be_replayed: bool = False) -> errors.Problem:
    """Fail unless the answer is a whole problem document of a code we know; return it.

    A replayed document is the first answer's, byte for byte: it names the first request.
    """
    said = (answer.status, answer.headers, answer.body[:1000])
    assert answer.headers.get("content-type") == errors.PROBLEM_MEDIA_TYPE, said
    problem = errors.Problem.model_validate_json(answer.body)
    kind = errors.BY_CODE[problem.code]
    assert (answer.status, problem.status) == (kind.status, kind.status), said
    assert (problem.title, problem.type) == (kind.title, f"urn:twinstore:problem:{kind.code}")
    is_own = problem.request_id == answer.headers[REQUEST_ID_HEADER.lower()]
    assert is_own or (may_be_replayed and problem.request_id), said
    assert b"Traceback" not in answer.body, said
    return problem
