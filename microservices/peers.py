"""Calls to other services: a deadline, a token and the request's id on each; counted.

What the callee says is told apart from silence: an error that the caller expects is raised as
itself; a timeout, a refused connection or a defect over there is DependencyUnavailable (503).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from contract import errors
from contract.http import (
    JSON_MEDIA_TYPE,
    REQUEST_ID_HEADER,
    SERVICE_TOKEN_HEADER,
    WORK_HEADER,
    read_work,
    request_id,
    to_json,
)
from contract.instruments import WORK
from contract.posture import DEADLINE_HEADER
from microservices.exchange import CURRENT
from microservices.policy import patience_s

M = TypeVar("M", bound=BaseModel)
_SPOKEN: Final = (errors.BankUnavailable,)
"""A 503 that is the callee's considered answer, not its silence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """The seam: over sockets, or within one process (`microservices.colocated`)."""

    async def send(self, service: str, method: str, path: str, headers: dict[str, str],
                   body: bytes) -> Answer:
        """Send a request.  Raises OSError if it can't be delivered."""

    async def close(self) -> None:
        """Let connections go."""


class Peers:
    """The other services, as seen from one of them."""

    def __init__(self, transport: Transport, service_token: str, deadline_s: float) -> None:
        self._transport = transport
        self._token = service_token
        self._deadline_s = deadline_s

    async def call(self, service: str, operation: str, message: BaseModel,
                   answer: type[M], expected: tuple[type[errors.StoreError], ...] = ()) -> M:
        """Ask a service.  Raises what is `expected`, or DependencyUnavailable (503)."""
        got = await self._send(service, "POST", f"/internal/{operation}", to_json(message),
                               self._deadline_s)
        if got.status != 200:
            raise _refusal(got, service, expected)
        try:
            return answer.model_validate_json(got.body)
        except ValidationError as unreadable:
            raise errors.DependencyUnavailable(f"{service} gave no answer") from unreadable

    async def is_ready(self, service: str, deadline_s: float) -> bool:
        """Ask a service whether it can do its work."""
        try:
            return (await self._send(service, "GET", "/readyz", b"", deadline_s)).status == 200
        except errors.DependencyUnavailable:
            return False

    async def close(self) -> None:
        """Let connections go."""
        await self._transport.close()

    async def _send(self, service: str, method: str, path: str, body: bytes,
                    deadline_s: float) -> Answer:
        exchange, work = CURRENT.get(), WORK.get()
        headers = {
            "Content-Type": JSON_MEDIA_TYPE,
            REQUEST_ID_HEADER: exchange.request_id if exchange else request_id(None),
            SERVICE_TOKEN_HEADER: self._token,
        }
        if exchange is not None and exchange.deadline is not None:
            deadline_s = patience_s(exchange.deadline, deadline_s)
            left_ms = int((exchange.deadline - time.monotonic()) * 1000)
            headers[DEADLINE_HEADER] = str(max(0, left_ms))
        if work is not None:
            work.calls += 1
        try:
            async with asyncio.timeout(deadline_s):
                got = await self._transport.send(service, method, path, headers, body)
        except (OSError, TimeoutError, aiohttp.ClientError) as silent:
            raise errors.DependencyUnavailable(f"{service} does not answer") from silent
        if work is not None:
            work.add(read_work(got.headers.get(WORK_HEADER.lower())))
        return got


class HttpTransport:
    """Over sockets, to where each service's replicas are balanced; connections are kept."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._session: aiohttp.ClientSession | None = None

    async def send(self, service: str, method: str, path: str, headers: dict[str, str],
                   body: bytes) -> Answer:
        """Send a request.  Raises OSError or aiohttp.ClientError if it can't be delivered."""
        if service not in self._urls:
            raise ConnectionError(f"no address of {service} is known")
        if self._session is None:  # here, because it belongs to the running loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(),
                cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)
        async with self._session.request(method, self._urls[service] + path, data=body,
                                         headers=headers) as got:
            return Answer(got.status, {name.lower(): value for name, value in got.headers.items()},
                          await got.read())

    async def close(self) -> None:
        """Let connections go."""
        if self._session:
            await self._session.close()
            self._session = None


def _refusal(got: Answer, service: str,
             expected: tuple[type[errors.StoreError], ...]) -> errors.StoreError:
    said = errors.from_problem(got.body)
    if said is not None and isinstance(said, (*expected, *_SPOKEN)):
        return said
    return errors.DependencyUnavailable(f"{service} answered {got.status}")
