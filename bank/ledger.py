"""The bank's memory: what was captured, declined, refunded and voided, by key.

With a journal, every movement is on disk before it counts, and a restarted bank takes its books
up again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

from contract.bank import Charge, ChargeResult, LedgerEntry

Kind = Literal["capture", "refund", "decline", "void"]
Status = Literal["captured", "refunded", "declined", "voided"]

_DECLINED: Final = frozenset({"declined", "voided"})
_STATUS: Final[dict[Kind, Status]] = {
    "capture": "captured", "refund": "refunded", "decline": "declined", "void": "voided",
}


class Ledger:
    """All movements since the last reset.  One event loop uses it, so no lock is needed."""

    def __init__(self, journal: Path | None = None) -> None:
        self._by_key: dict[str, ChargeResult] = {}
        self.entries: list[LedgerEntry] = []
        self.resets = 0
        self._journal = journal
        if journal is not None and journal.exists():
            self._take_up(journal)

    def find(self, key: str) -> ChargeResult | None:
        """Return what happened under a key."""
        return self._by_key.get(key)

    def charge(self, charge: Charge) -> ChargeResult:
        """Capture or decline, once: a key that is known keeps its result."""
        known = self._by_key.get(charge.key)
        if known is not None:
            return known
        approved = charge.card_token in ("tok_approve", "tok_slow")
        return self._note("capture" if approved else "decline", charge.key, charge.amount_minor)

    def void(self, key: str) -> ChargeResult:
        """Refund what was captured; otherwise make sure that nothing ever will be."""
        known = self._by_key.get(key)
        if known is None:
            return self._note("void", key, 0)
        if known.status != "captured":
            return known
        return self._note("refund", key, known.amount_minor)

    def reset(self) -> None:
        """Forget everything: between trials.  What began before must not be booked after."""
        self.resets += 1
        self._by_key.clear()
        self.entries.clear()
        if self._journal is not None:
            self._journal.write_bytes(b"")

    def _note(self, kind: Kind, key: str, amount_minor: int) -> ChargeResult:
        entry = LedgerEntry(key=key, kind=kind, amount_minor=amount_minor)
        if self._journal is not None:
            _append(self._journal, entry.model_dump_json().encode() + b"\n")
        return self._keep(entry)

    def _keep(self, entry: LedgerEntry) -> ChargeResult:
        self.entries.append(entry)
        result = ChargeResult(key=entry.key, status=_STATUS[entry.kind],
                              amount_minor=entry.amount_minor)
        self._by_key[entry.key] = result
        return result

    def _take_up(self, journal: Path) -> None:
        """Read the books of an earlier process; a last line cut short is dropped."""
        found = journal.read_bytes()
        whole = found[: found.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._keep(LedgerEntry.model_validate_json(line))
        if whole != found:
            os.truncate(journal, len(whole))


def _append(journal: Path, line: bytes) -> None:
    """Write a line, whole or not at all.  Raises OSError, on a full disk for one."""
    with journal.open("ab", buffering=0) as file:
        before = file.tell()
        try:
            while line:
                line = line[file.write(line):]
        except OSError:
            os.truncate(journal, before)
            raise


def is_refused(result: ChargeResult) -> bool:
    """Say whether a charge must be answered with 402."""
    return result.status in _DECLINED
