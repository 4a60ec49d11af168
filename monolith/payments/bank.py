"""The client of the bank: every call has a deadline and a key, so it may be repeated."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import urllib3
from pydantic import ValidationError
from urllib3.exceptions import HTTPError

from contract.bank import Charge, ChargeResult
from contract.errors import BankUnavailable
from contract.http import to_json
from contract.posture import Bulkhead

Outcome = Literal["captured", "declined"]


class Bank:
    """Keeps connections to the bank open."""

    def __init__(self, url: str, deadline_s: float, connections: int,
                 calls: int | None = None) -> None:
        self._url = url
        self.bulkhead = Bulkhead(calls)
        self._pool = urllib3.PoolManager(
            maxsize=connections, timeout=urllib3.Timeout(total=deadline_s), retries=False)

    def charge(self, key: UUID, amount_minor: int, card_token: str) -> Outcome:
        """Capture an amount once.  Raises BankUnavailable (503): the outcome is unknown."""
        charge = Charge(key=str(key), amount_minor=amount_minor, currency="EUR",
                        card_token=card_token)
        status, result = self._call("POST", "/charges", to_json(charge))
        if status == 201 and result and result.status == "captured":
            return "captured"
        if status == 402:
            return "declined"
        raise BankUnavailable

    def void(self, key: UUID) -> None:
        """Refund what was captured under a key and refuse what comes late.  Raises 503."""
        status, _ = self._call("POST", f"/charges/{key}/void")
        if status != 200:
            raise BankUnavailable

    def find(self, key: UUID) -> ChargeResult | None:
        """Ask what happened under a key.  Raises BankUnavailable (503)."""
        status, result = self._call("GET", f"/charges/{key}")
        if status not in (200, 404):
            raise BankUnavailable
        return result if status == 200 else None

    def _call(self, method: str, path: str,
              body: bytes | None = None) -> tuple[int, ChargeResult | None]:
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            answer = self._pool.request(method, self._url + path, body=body, headers=headers)
            return answer.status, _result(answer.data)
        except HTTPError as unreachable:
            raise BankUnavailable from unreachable


def _result(data: bytes) -> ChargeResult | None:
    try:
        return ChargeResult.model_validate_json(data)
    except ValidationError:
        return None
