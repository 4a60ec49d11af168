"""The bank as a process: the endpoints of `contract.bank`, with a bank's latency.

A charge takes its time first and is booked at the end, in one step: a store that gave up
waiting and voided the key meanwhile finds the late charge refused.
"""

from __future__ import annotations

import asyncio

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bank.books import Books
from bank.settings import Settings, read_settings
from contract.bank import Charge
from contract.faults import FaultPoint, fault_point
from contract.http import JSON_MEDIA_TYPE, MAX_BODY_BYTES, to_json


def create_app(settings: Settings | None = None, faults: FaultPoint | None = None) -> Starlette:
    """Open the bank; without arguments it is told by the environment what to do."""
    chosen = settings or read_settings()
    desk = Desk(chosen, Books(chosen.journal), faults or fault_point("bank"))
    return Starlette(routes=[
        Route("/charges", desk.charge, methods=["POST"]),
        Route("/charges/{key}/void", desk.void, methods=["POST"]),
        Route("/charges/{key}", desk.find, methods=["GET"]),
        Route("/ledger", desk.show_ledger, methods=["GET"]),
        Route("/ledger", desk.reset, methods=["DELETE"]),
        Route("/livez", desk.live, methods=["GET"]),
    ])


class Desk:
    """One handler per endpoint."""

    def __init__(self, settings: Settings, books: Books, faults: FaultPoint) -> None:
        self._settings = settings
        self._books = books
        self._faults = faults

    async def charge(self, request: Request) -> Response:
        """POST /charges: 201 captured; 402 declined or voided; 422 not a charge; 500 tok_error."""
        await self._faults.hit_async()
        body = await request.body()
        try:
            charge = Charge.model_validate_json(body[: MAX_BODY_BYTES + 1])
        except ValidationError:
            return Response(status_code=422)
        await asyncio.sleep(self._settings.latency_ms / 1000)
        if charge.card_token == "tok_error":  # noqa: S105 - a test card, not a secret
            return Response(status_code=500)
        if charge.card_token == "tok_slow":  # noqa: S105
            await asyncio.sleep(self._settings.slow_s)
        result = self._books.charge(charge)
        return _json(to_json(result), 201 if result.status == "captured" else 402)

    async def void(self, request: Request) -> Response:
        """POST /charges/{key}/void: 200, refunded or voided."""
        await asyncio.sleep(self._settings.latency_ms / 1000)
        return _json(to_json(self._books.void(request.path_params["key"])))

    async def find(self, request: Request) -> Response:
        """GET /charges/{key}: 200, or 404 when nothing is known."""
        result = self._books.find(request.path_params["key"])
        return Response(status_code=404) if result is None else _json(to_json(result))

    async def show_ledger(self, _request: Request) -> Response:
        """GET /ledger: 200."""
        return _json(to_json(self._books.ledger()))

    async def reset(self, _request: Request) -> Response:
        """DELETE /ledger: 204."""
        self._books.reset()
        return Response(status_code=204)

    async def live(self, _request: Request) -> Response:
        """GET /livez: 200."""
        return Response(status_code=200)


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type=JSON_MEDIA_TYPE)
