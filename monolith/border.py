"""Between HTTP and the domains: who asks, what for, and how errors are told."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Response, g, request
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from contract import errors
from contract.http import (
    IDEMPOTENCY_HEADER,
    JSON_MEDIA_TYPE,
    MAX_BODY_BYTES,
    REQUEST_ID_HEADER,
    WORK_HEADER,
    Work,
    parse_body,
    parse_idempotency_key,
    parse_query,
    request_id,
    to_json,
)
from contract.instruments import WORK, Pool
from contract.tokens import Principal, require_admin, verify
from contract.traces import trace_of
from monolith.store import store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

M = TypeVar("M", bound=BaseModel)
log = logging.getLogger("monolith")


def customer() -> Principal:
    """Who asks.  Raises the errors of `contract.tokens.verify` (401)."""
    return verify(request.headers.get("Authorization"), store().settings.verifying_key)


def admin() -> Principal:
    """Who asks, if an admin.  Raises 401 and 403."""
    return require_admin(customer())


def query(model: type[M]) -> M:
    """The query string.  Raises ValidationFailed (422)."""
    return parse_query(model, request.query_string)


def body(model: type[M]) -> M:
    """The JSON body.  Raises the errors of `contract.http.parse_body`."""
    declared = request.content_length
    if declared is not None and declared > MAX_BODY_BYTES:
        raise errors.BodyTooLarge
    read = request.stream.read(MAX_BODY_BYTES + 1)
    if declared is not None and len(read) < declared:  # the client left
        raise errors.MalformedJSON
    return parse_body(model, request.content_type, read)


def idempotency_key() -> str:
    """The header Idempotency-Key.  Raises 400."""
    return parse_idempotency_key(request.headers.get(IDEMPOTENCY_HEADER))


def answer(model: BaseModel, status: int = 200) -> Response:
    """Write a response."""
    return Response(to_json(model), status, content_type=JSON_MEDIA_TYPE)


def install(app: Flask, threads: Pool) -> None:
    """Put instruments, request ids, method rules and the one error handler in place."""
    app.wsgi_app = Border(app.wsgi_app, threads)  # type: ignore[method-assign]
    app.before_request(_begin)
    app.after_request(_end)
    app.register_error_handler(errors.StoreError, _problem)
    app.register_error_handler(HTTPException, _framework_error)
    app.register_error_handler(IntegrityError, _broken_reference)
    app.register_error_handler(Exception, _defect)


class Border:
    """The outermost layer, in plain WSGI: counts what each answer needs and the threads taken.

    A request that waits for a thread waits in the server's queue, where no Python runs: `threads`
    knows how many are taken, not who waits for one.
    """

    def __init__(self, app: WSGIApplication, threads: Pool) -> None:
        self._app, self._threads = app, threads

    def __call__(self, environ: WSGIEnvironment,
                 start_response: StartResponse) -> Iterable[bytes]:
        work = Work()
        environ.pop("HTTP_UPGRADE", None)  # Werkzeug would look for a WebSocket's route

        def start_with_work(status: str, headers: list[tuple[str, str]], *given: Any) -> Any:
            headers.append((WORK_HEADER, str(work)))
            return start_response(status, headers, *given)

        with self._threads.claim() as claim:
            claim.granted()
            before = WORK.set(work)
            try:
                return self._app(environ, start_with_work)
            finally:
                WORK.reset(before)


def _begin() -> None:
    g.request_id = request_id(request.headers.get(REQUEST_ID_HEADER))
    if request.method == "HEAD" and request.url_rule:  # routing takes HEAD for GET; we don't
        raise errors.MethodNotAllowed


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID_HEADER] = g.request_id
    return response


def _problem(error: errors.StoreError) -> Response:
    return Response(to_json(error.problem(g.request_id)), error.status,
                    content_type=errors.PROBLEM_MEDIA_TYPE)


def _framework_error(error: HTTPException) -> Response:
    known = {NotFound: errors.RouteNotFound, MethodNotAllowed: errors.MethodNotAllowed,
             RequestEntityTooLarge: errors.BodyTooLarge}
    for kind, ours in known.items():
        if isinstance(error, kind):
            return _problem(ours())
    return _defect(error)


def _broken_reference(error: IntegrityError) -> Response:
    """A token may outlive its account: only a database that knows both can tell."""
    broken = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    return _problem(errors.TokenInvalid()) if broken.endswith("_account_id_fkey") \
        else _defect(error)


def _defect(error: Exception) -> Response:
    log.error("request %s failed\n%s", g.request_id, trace_of(error))
    return _problem(errors.InternalError())
