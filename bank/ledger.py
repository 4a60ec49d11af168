"""The bank's memory: what was captured, declined, refunded and voided, by key."""

from __future__ import annotations

from contract.bank import Charge, ChargeResult, LedgerEntry

_DECLINED = frozenset({"declined", "voided"})


class Ledger:
    """All movements since the last reset.  One event loop uses it, so no lock is needed."""

    def __init__(self) -> None:
        self._by_key: dict[str, ChargeResult] = {}
        self.entries: list[LedgerEntry] = []

    def find(self, key: str) -> ChargeResult | None:
        """Return what happened under a key."""
        return self._by_key.get(key)

    def charge(self, charge: Charge) -> ChargeResult:
        """Capture or decline, once: a key that is known keeps its result."""
        known = self._by_key.get(charge.key)
        if known is not None:
            return known
        approved = charge.card_token in ("tok_approve", "tok_slow")
        kind = "capture" if approved else "decline"
        self.entries.append(LedgerEntry(key=charge.key, kind=kind,
                                        amount_minor=charge.amount_minor))
        return self._keep(ChargeResult(key=charge.key, amount_minor=charge.amount_minor,
                                       status="captured" if approved else "declined"))

    def void(self, key: str) -> ChargeResult:
        """Refund what was captured; otherwise make sure that nothing ever will be."""
        known = self._by_key.get(key)
        if known is None:
            self.entries.append(LedgerEntry(key=key, kind="void", amount_minor=0))
            return self._keep(ChargeResult(key=key, status="voided", amount_minor=0))
        if known.status != "captured":
            return known
        self.entries.append(LedgerEntry(key=key, kind="refund", amount_minor=known.amount_minor))
        return self._keep(known.model_copy(update={"status": "refunded"}))

    def reset(self) -> None:
        """Forget everything: between trials."""
        self._by_key.clear()
        self.entries.clear()

    def _keep(self, result: ChargeResult) -> ChargeResult:
        self._by_key[result.key] = result
        return result


def is_refused(result: ChargeResult) -> bool:
    """Say whether a charge must be answered with 402."""
    return result.status in _DECLINED
