"""The bank's HTTP face (contract/bank.py).  `tok_slow` takes 2 s, `tok_error` answers 500."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bank.ledger import Ledger, is_refused
from contract.bank import Charge
from contract.bank import Ledger as LedgerDocument
from contract.faults import FaultPoint, fault_point
from contract.http import to_json

DEFAULT_LATENCY_MS: Final = 20.0
SLOW_CARD_S: Final = 2.0
_JSON: Final = "application/json"


def create_app(latency_ms: float | None = None, fault: FaultPoint | None = None,
               journal: Path | None = None) -> Starlette:
    """Make the bank; what is not given comes from the environment.

    TWINSTORE_BANK_LATENCY_MS (default 20 ms); TWINSTORE_BANK_JOURNAL, a file (default: none).
    """
    if latency_ms is None:
        latency_ms = float(os.environ.get("TWINSTORE_BANK_LATENCY_MS", DEFAULT_LATENCY_MS))
    if journal is None and os.environ.get("TWINSTORE_BANK_JOURNAL"):
        journal = Path(os.environ["TWINSTORE_BANK_JOURNAL"])
    bank = _Bank(Ledger(journal), latency_ms / 1000, fault or fault_point("bank"))
    return Starlette(routes=[
        Route("/charges", bank.charge, methods=["POST"]),
        Route("/charges/{key}/void", bank.void, methods=["POST"]),
        Route("/charges/{key}", bank.find, methods=["GET"]),
        Route("/ledger", bank.show_ledger, methods=["GET"]),
        Route("/ledger", bank.reset_ledger, methods=["DELETE"]),
        Route("/livez", bank.live, methods=["GET"]),
    ])


class _Bank:
    def __init__(self, ledger: Ledger, latency_s: float, fault: FaultPoint) -> None:
        self._ledger = ledger
        self._latency_s = latency_s
        self._fault = fault

    async def charge(self, request: Request) -> Response:
        try:
            charge = Charge.model_validate_json(await request.body())
        except ValidationError as invalid:
            return JSONResponse({"error": invalid.errors(include_url=False, include_input=False)},
                                422)
        resets = self._ledger.resets
        await self._fault.hit_async()
        await asyncio.sleep(self._latency_s)
        if charge.card_token == "tok_error":  # noqa: S105 - a test card, not a secret
            return JSONResponse({"error": "the bank is having a bad day"}, 500)
        if charge.card_token == "tok_slow":  # noqa: S105
            await asyncio.sleep(SLOW_CARD_S)
        if self._ledger.resets != resets:  # its void may be forgotten, so it must not count
            return JSONResponse({"error": "the books were closed meanwhile"}, 500)
        result = self._ledger.charge(charge)
        return Response(to_json(result), 402 if is_refused(result) else 201, media_type=_JSON)

    async def void(self, request: Request) -> Response:
        await asyncio.sleep(self._latency_s)
        return Response(to_json(self._ledger.void(request.path_params["key"])), media_type=_JSON)

    async def find(self, request: Request) -> Response:
        result = self._ledger.find(request.path_params["key"])
        if result is None:
            return JSONResponse({"error": "nothing is known under this key"}, 404)
        return Response(to_json(result), media_type=_JSON)

    async def show_ledger(self, _: Request) -> Response:
        return Response(to_json(LedgerDocument(entries=self._ledger.entries)), media_type=_JSON)

    async def reset_ledger(self, _: Request) -> Response:
        self._ledger.reset()
        return Response(status_code=204)

    async def live(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})
