"""What a fault cost in money: the sentence and the table."""

from __future__ import annotations

from collections.abc import Sequence

from contract.money import CURRENCY
from reports.arms import Arms
from reports.estimate import Estimate
from reports.revenue import OTHER_JOURNEYS, Revenue
from reports.table import Table
from reports.words import money, number


def revenue_said(found: Sequence[Revenue], arms: Arms) -> list[str]:
    """The dearest fault of each store, which is the largest of so many: by chance alone one of
    several equal ones is.  Nothing where no sales were recorded."""
    parts = []
    for name in arms.all:
        own = [one for one in found if one.topology == name]
        if own:
            worst = max(own, key=lambda one: one.lost_per_min.value)
            lost = worst.lost_per_min
            of = f", the largest of {len(own)}" if len(own) > 1 else ""
            parts.append(f"{name} {_about(lost)}{money(lost.value)}{_ends(lost)} a minute of "
                         f"{worst.result.name}{of}")
    return [f"Largest loss of revenue as measured: {'; '.join(parts)}."] if parts else []


def revenue_table(found: Sequence[Revenue]) -> list[Table]:
    """One row a fault, posture and store."""
    return [_table(found)] if found else []


def _table(found: Sequence[Revenue]) -> Table:
    caveat = (f" Some {OTHER_JOURNEYS}."
              if any(OTHER_JOURNEYS in one.lost.caveats for one in found) else "")
    return Table(
        "isolation_revenue", "Lost revenue",
        f"{CURRENCY}. Sold: the totals of all orders that stand confirmed in the books after the "
        "trial, whole trial; without: the matched run. A minute: lost ÷ the minutes for which the "
        f"fault was armed. Interval: t over repeats; ~ has none.{caveat}",
        ["fault", "store", "runs", "without", "sold", "lost", "lost a minute", "orders lost"],
        [[one.result.name, one.topology, str(one.lost.n), money(one.matched_minor, ""),
          money(one.sold_minor, ""), _amount(one.lost), _amount(one.lost_per_min),
          number(one.orders_lost)] for one in found],
        ["fault", "posture", "topology", "runs", "matched_minor", "sold_minor", "lost_minor",
         "lost_minor_low", "lost_minor_high", "lost_minor_per_min", "lost_minor_per_min_low",
         "lost_minor_per_min_high", "orders_lost"],
        [[one.result.fault.name, one.result.posture, one.topology, one.lost.n,
          round(one.matched_minor), round(one.sold_minor), *_minor(one.lost),
          *_minor(one.lost_per_min), one.orders_lost] for one in found],
        frozenset(range(2, 8)),
    )


def _amount(one: Estimate) -> str:
    return f"{_about(one)}{money(one.value, '')}{_ends(one)}"


def _about(one: Estimate) -> str:
    """The page's sign for a number without an interval."""
    return "" if one.has_interval else "~"


def _ends(one: Estimate) -> str:
    if one.low is None or one.high is None:
        return ""
    return f" [{money(one.low, '')}, {money(one.high, '')}]"


def _minor(one: Estimate) -> list[int | None]:
    return [None if value is None else round(value) for value in (one.value, one.low, one.high)]
