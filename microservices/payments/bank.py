"""The client of the bank: every call has a deadline and a key, so it may be repeated."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import aiohttp
from pydantic import ValidationError

from contract.bank import Charge, ChargeResult
from contract.errors import BankUnavailable
from contract.http import to_json
from contract.posture import Bulkhead

Outcome = Literal["captured", "declined"]


class Bank:
    """Keeps connections to the bank open."""

    def __init__(self, url: str, deadline_s: float, calls: int | None = None) -> None:
        self._url = url
        self.bulkhead = Bulkhead(calls)
        self._deadline = aiohttp.ClientTimeout(total=deadline_s)
        self._session: aiohttp.ClientSession | None = None

    async def charge(self, key: UUID, amount_minor: int, card_token: str) -> Outcome:
        """Capture an amount once.  Raises BankUnavailable (503): the outcome is unknown."""
        charge = Charge(key=str(key), amount_minor=amount_minor, currency="EUR",
                        card_token=card_token)
        status, result = await self._call("POST", "/charges", to_json(charge))
        if status == 201 and result and result.status == "captured":
            return "captured"
        if status == 402:
            return "declined"
        raise BankUnavailable

    async def void(self, key: UUID) -> None:
        """Refund what was captured under a key and refuse what comes late.  Raises 503."""
        status, _ = await self._call("POST", f"/charges/{key}/void")
        if status != 200:
            raise BankUnavailable

    async def find(self, key: UUID) -> ChargeResult | None:
        """Ask what happened under a key.  Raises BankUnavailable (503)."""
        status, result = await self._call("GET", f"/charges/{key}")
        if status not in (200, 404):
            raise BankUnavailable
        return result if status == 200 else None

    async def close(self) -> None:
        """Let connections go."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _call(self, method: str, path: str,
                    body: bytes | None = None) -> tuple[int, ChargeResult | None]:
        if self._session is None:  # here, because it belongs to the running loop
            self._session = aiohttp.ClientSession(timeout=self._deadline)
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            async with self._session.request(method, self._url + path, data=body,
                                             headers=headers) as answer:
                return answer.status, _result(await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as unreachable:
            raise BankUnavailable from unreachable


def _result(data: bytes) -> ChargeResult | None:
    try:
        return ChargeResult.model_validate_json(data)
    except ValidationError:
        return None
