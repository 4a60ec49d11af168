"""Leave a ramp once the store is clearly past its capacity.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from contract.load import EarlyStop
from loadtests.recorder import Open, Row

_FEWEST = 20


def attainment(rows: Sequence[Row], still_open: Iterable[Open], begin: float, now: float,
               slo_s: float) -> tuple[float, int]:
    """Return the share of good requests among those intended in [begin, now - slo], and how many.

    A request younger than the objective may still become good, so it isn't asked yet; one that
    is older and still open is bad.  `rows` stand in order of their ends.
    """
    until = now - slo_s
    recent = takewhile(lambda row: row[7] >= begin, reversed(rows))
    counted = [row for row in recent if begin <= row[4] <= until]
    good = sum(row[9] == "ok" and row[7] - row[4] <= slo_s for row in counted)
    n = len(counted) + sum(cut.requests for cut in still_open if begin <= cut.intended <= until)
    return (good / n if n else 1.0), n


def should_stop(rule: EarlyStop, share: float, n: int) -> bool:
    """Decide on enough requests only: a handful says nothing."""
    return n >= _FEWEST and share < rule.attainment_below
