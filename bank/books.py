"""The bank's books: what happened under each key, in memory and, if wanted, in a journal.

One process and one event loop: every method runs to its end undisturbed, so that charging
and voiding the same key at once can't both win.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from contract.bank import TEST_CARDS, Charge, ChargeResult, Ledger, LedgerEntry

Kind = Literal["capture", "refund", "decline", "void"]


class Books:
    """Results by key, and every movement in order."""

    def __init__(self, journal: Path | None = None) -> None:
        self._results: dict[str, ChargeResult] = {}
        self._entries: list[LedgerEntry] = []
        self._journal = journal
        if journal is not None and journal.exists():
            self._replay(journal)

    def charge(self, charge: Charge) -> ChargeResult:
        """Capture or decline; a key that is known keeps its first result, whatever it was."""
        known = self._results.get(charge.key)
        if known is not None:
            return known
        if TEST_CARDS.get(charge.card_token, "declined").startswith("captured"):
            return self._note("capture", charge.key, charge.amount_minor)
        return self._note("decline", charge.key, charge.amount_minor)

    def void(self, key: str) -> ChargeResult:
        """Refund what was captured, or make sure that nothing ever will be.  Idempotent."""
        known = self._results.get(key)
        if known is None or known.status == "declined":
            return self._note("void", key, 0)
        if known.status == "captured":
            return self._note("refund", key, known.amount_minor)
        return known

    def find(self, key: str) -> ChargeResult | None:
        """Return what is known under a key."""
        return self._results.get(key)

    def ledger(self) -> Ledger:
        """Return every movement since the last reset."""
        return Ledger(entries=list(self._entries))

    def reset(self) -> None:
        """Forget everything: between trials."""
        self._results.clear()
        self._entries.clear()
        if self._journal is not None:
            self._journal.write_bytes(b"")

    def _note(self, kind: Kind, key: str, amount_minor: int) -> ChargeResult:
        entry = LedgerEntry(key=key, kind=kind, amount_minor=amount_minor)
        if self._journal is not None:  # first on paper, then in mind
            with self._journal.open("ab") as file:
                file.write(entry.model_dump_json().encode() + b"\n")
        return self._keep(entry)

    def _keep(self, entry: LedgerEntry) -> ChargeResult:
        self._entries.append(entry)
        result = ChargeResult(
            key=entry.key, status=_STATUS[entry.kind], amount_minor=entry.amount_minor
        )
        self._results[entry.key] = result
        return result

    def _replay(self, journal: Path) -> None:
        """Take up the books of an earlier process; a last line cut by its end is dropped."""
        whole = journal.read_bytes()
        complete = whole[: whole.rfind(b"\n") + 1]
        for line in complete.splitlines():
            self._keep(LedgerEntry.model_validate_json(line))
        if complete != whole:
            journal.write_bytes(complete)


_STATUS: dict[Kind, Literal["captured", "declined", "refunded", "voided"]] = {
    "capture": "captured", "decline": "declined", "refund": "refunded", "void": "voided",
}
