"""Equal work, endpoint by endpoint: what a right answer needed in each store."""

from __future__ import annotations

from typing import Final

from reports.arms import Arms
from reports.document import Block, Note
from reports.fingerprint import (
    BYTES_WITHIN,
    QUANTITIES,
    STEPS_A_CALL,
    WORK_WITHIN,
    Fingerprint,
    Quantity,
    measure_fingerprints,
    range_of,
    summary_of,
)
from reports.guards import Judged
from reports.read import Run
from reports.table import Table
from reports.words import percent

_SHORT: Final[dict[Quantity, str]] = {"statements": "statements", "sql_rows": "rows",
                                      "bytes": "bytes", "service_calls": "calls"}


def fingerprint_part(run: Run, judged: list[Judged], arms: Arms) -> list[Block]:
    """A summary, the table, and a warning for each endpoint whose answers or work differ."""
    found = measure_fingerprints(run, judged, arms)
    if not found:
        return [Note("Work by endpoint: not shown, no pair of latency trials can be compared.")]
    return [
        Note(f"Work by endpoint. {summary_of(found)}"),
        *(Note(one.sentence, "caveat") for one in found if one.is_found),
        _table(found),
    ]


def _table(found: list[Fingerprint]) -> Table:
    names = (found[0].base, found[0].rival)
    return Table(
        "fingerprint", "What a right answer needed",
        f"Median, in brackets least and most, {names[0]} → {names[1]} where they differ; "
        "counted in the stores' own processes, the services "
        "called included, BEGIN and COMMIT not. Requests of whole pairs: the same ones in both "
        f"stores. Same answer: mean bytes within {percent(BYTES_WITHIN, 0)}. Same work: mean "
        f"statements and rows within {percent(WORK_WITHIN, 0)} too. Splitting a store adds "
        "statements and rows by design (what was a join is a call and a second read; what was "
        "one transaction keeps its steps in several databases). Work added by calls: each call "
        f"beyond the other store's brings at most {STEPS_A_CALL} statements and "
        f"{STEPS_A_CALL} rows, all together every row once more, "
        f"{percent(WORK_WITHIN, 0)} granted; it is part of what is compared. What calls do not "
        "account for, and unequal answers, are confounds.",
        ["endpoint", *(_SHORT[q] for q in QUANTITIES), "verdict"],
        [[one.endpoint, *(_both([range_of(one.spreads[name][q]) for name in names])
                          for q in QUANTITIES), one.word] for one in found],
        ["endpoint", *(f"{name}_n" for name in names),
         *(f"{name}_{q}_{of}" for q in QUANTITIES for name in names
           for of in ("median", "least", "most", "mean")),
         *(f"{q}_ratio" for q in QUANTITIES), "verdict"],
        [[one.endpoint, *(one.n[name] for name in names),
          *(value for q in QUANTITIES for name in names
            for s in (one.spreads[name][q],) for value in (s.median, s.low, s.high, s.mean)),
          *(one.ratio(q) for q in QUANTITIES), one.word] for one in found],
        frozenset(range(1, 1 + len(QUANTITIES))),
    )


def _both(cells: list[str]) -> str:
    return " → ".join(dict.fromkeys(cells))
