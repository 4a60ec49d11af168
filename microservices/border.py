"""Between HTTP and the domains: who asks, what for, and how errors are told."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar, cast

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract import errors
from contract.http import (
    IDEMPOTENCY_HEADER,
    JSON_MEDIA_TYPE,
    MAX_BODY_BYTES,
    REQUEST_ID_HEADER,
    SERVICE_TOKEN_HEADER,
    WORK_HEADER,
    Work,
    parse_body,
    parse_idempotency_key,
    parse_query,
    request_id,
    to_json,
)
from contract.instruments import WORK
from contract.posture import DEADLINE_HEADER
from contract.tokens import Principal, require_admin, verify
from contract.traces import trace_of
from microservices.exchange import CURRENT, Exchange
from microservices.policy import deadline_of
from microservices.settings import Settings

M = TypeVar("M", bound=BaseModel)
log = logging.getLogger("microservices")


async def customer(request: Request) -> Principal:
    """Who asks.  Raises the errors of `contract.tokens.verify` (401)."""
    return verify(request.headers.get("Authorization"), _settings(request).verifying_key)


async def admin(request: Request) -> Principal:
    """Who asks, if an admin.  Raises 401 and 403."""
    return require_admin(await customer(request))


async def peer(request: Request) -> None:
    """Let only other services in.  Raises TokenInvalid (401)."""
    sent = request.headers.get(SERVICE_TOKEN_HEADER, "").encode("latin-1")
    if not hmac.compare_digest(sent, _settings(request).service_token.encode()):
        raise errors.TokenInvalid


def query(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """Depend on the query string.  Raises ValidationFailed (422)."""

    async def parsed(request: Request) -> M:
        return parse_query(model, request.scope["query_string"])

    return parsed


def body(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """Depend on the JSON body.  Raises the errors of `contract.http.parse_body`."""

    async def parsed(request: Request) -> M:
        return parse_body(model, request.headers.get("Content-Type"), await _read(request))

    return parsed


async def idempotency_key(request: Request) -> str:
    """The header Idempotency-Key.  Raises 400."""
    return parse_idempotency_key(request.headers.get(IDEMPOTENCY_HEADER))


Customer = Annotated[Principal, Depends(customer)]
IdempotencyKey = Annotated[str, Depends(idempotency_key)]


def answer(model: BaseModel, status: int = 200) -> Response:
    """Write a response."""
    return Response(to_json(model), status, media_type=JSON_MEDIA_TYPE)


def current_request_id() -> str:
    """The id of the request being answered; a new one in background work."""
    exchange = CURRENT.get()
    return exchange.request_id if exchange else request_id(None)


def install(app: FastAPI) -> None:
    """Put instruments, request ids, method rules and the one error handler in place."""
    app.add_middleware(Border, request_s=app.state.settings.posture.request_s)
    app.add_exception_handler(errors.StoreError, _store_error)
    app.add_exception_handler(HTTPException, _framework_error)


class Border:
    """The outermost layer of a service, in plain ASGI: BaseHTTPMiddleware costs a task a request.

    Takes over or makes the request's id, counts what each answer needs, and turns what nobody
    expected into a 500 without details.
    """

    def __init__(self, app: ASGIApp, request_s: float | None) -> None:
        self._app, self._request_s = app, request_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(request_id(_sent(scope, REQUEST_ID_HEADER)))
        if self._request_s is not None:
            exchange.deadline = deadline_of(_sent(scope, DEADLINE_HEADER), self._request_s)
        work = Work()
        has_started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                message["headers"] = [*message["headers"], *_headers(exchange, work)]
            await send(message)

        before, work_before = CURRENT.set(exchange), WORK.set(work)
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as defect:  # noqa: BLE001 - the border of the process
            log.error("request %s failed\n%s", exchange.request_id, trace_of(defect))
            if not has_started:
                await _problem(errors.InternalError())(scope, receive, send_with_headers)
        finally:
            WORK.reset(work_before)
            CURRENT.reset(before)


def _sent(scope: Scope, name: str) -> str | None:
    wanted = name.lower().encode()
    return next((value.decode("latin-1") for sent, value in scope["headers"] if sent == wanted),
                None)


def _headers(exchange: Exchange, work: Work) -> list[tuple[bytes, bytes]]:
    return [(REQUEST_ID_HEADER.lower().encode(), exchange.request_id.encode()),
            (WORK_HEADER.lower().encode(), str(work).encode())]


async def _read(request: Request) -> bytes:
    declared = request.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > MAX_BODY_BYTES:
        raise errors.BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise errors.BodyTooLarge
            chunks.append(chunk)
    except ClientDisconnect:
        raise errors.MalformedJSON from None
    return b"".join(chunks)


def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


def _problem(error: errors.StoreError) -> Response:
    return Response(to_json(error.problem(current_request_id())), error.status,
                    media_type=errors.PROBLEM_MEDIA_TYPE)


async def _store_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, errors.StoreError)
    return _problem(error)


async def _framework_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {404: errors.RouteNotFound, 405: errors.MethodNotAllowed}
    if error.status_code not in known:
        raise error
    return _problem(known[error.status_code]())
