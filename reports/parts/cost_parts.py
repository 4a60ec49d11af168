"""The table of what each part takes, and the sentence on what crosses between services."""

from __future__ import annotations

from typing import Any, Final

from contract.run_record import EDGE
from reports.cost_parts import PartBill, PartUse
from reports.document import Block, Note
from reports.estimate import Estimate
from reports.table import Table
from reports.words import ABSENT, interval, listed, number

_TOTAL: Final = "total"


def part_blocks(bills: list[PartBill]) -> list[Block]:
    """Build both; the first series stands on the page, all series in the CSV."""
    if not bills:
        return []
    first = [bill for bill in bills if bill.series == bills[0].series]
    return [Note(_crossing(first)), _table(bills, first)]


def _crossing(first: list[PartBill]) -> str:
    if any(bill.mb_between is None for bill in first):
        return ("Bytes by part were not recorded in every trial of this series, so what crosses "
                "between services is not said.")
    between = [f"{bill.topology} {_said(bill.mb_between)} MB" for bill in first]
    visitors = [f"{bill.topology} {_said(bill.mb_asked)} and {_said(bill.mb_answered)} MB"
                for bill in first]
    return (f"Per 1,000 good requests under {first[0].workload}, between services cross: "
            f"{listed(between)}. Visitors sent and got: {listed(visitors)}. HTTP with its heads, "
            "by the proxy's counters; bytes to PostgreSQL and to the bank are not counted.")


def _table(bills: list[PartBill], first: list[PartBill]) -> Table:
    return Table(
        "scaling_cost_parts", "Cost by part per 1,000 good requests",
        "Means over latency trials; parts of the first series here, of all series in the CSV. "
        "Connection-seconds are of database connections held, whether busy or not. "
        f"MB in, MB out: what the part was sent and what it answered; of {EDGE} and of the total: "
        "what visitors sent and got. MB between services: of both, what came from other services "
        "and went back to them, as it was before the proxy rewrote heads.",
        ["store", "part", "trials", "CPU-seconds", "GB·s", "connection-s", "of them busy",
         "MB in", "MB out", "MB between services"],
        [row for bill in first for row in _cells(bill)],
        ["series", "workload", "topology", "part", "trials", "cpu_s", "gb_s", "connection_s",
         "busy_connection_s", "mb_received", "mb_sent", "mb_calls", "mb_calls_low",
         "mb_calls_high"],
        [row for bill in bills for row in _raw(bill)],
        frozenset(range(2, 10)))


def _cells(bill: PartBill) -> list[list[str]]:
    rows = [[bill.topology, part, str(bill.trials), *(number(one) for one in _values(use))]
            for part, use in bill.parts.items()]
    whole = [bill.topology, _TOTAL, str(bill.trials), number(bill.cpu_s), number(bill.gb_s),
             *(number(one) for one in _connections(bill)), _value(bill.mb_asked),
             _value(bill.mb_answered), _said(bill.mb_between)]
    return [*rows, whole]


def _raw(bill: PartBill) -> list[list[Any]]:
    head = [bill.series, bill.workload, bill.topology]
    between = bill.mb_between
    ends = (between.value, between.low, between.high) if between else (None, None, None)
    visitors = [one.value if one else None for one in (bill.mb_asked, bill.mb_answered)]
    return [*([*head, part, bill.trials, *_values(use), None, None]
              for part, use in bill.parts.items()),
            [*head, _TOTAL, bill.trials, bill.cpu_s, bill.gb_s, *_connections(bill), *visitors,
             *ends]]


def _values(use: PartUse) -> tuple[float | None, ...]:
    return (use.cpu_s, use.gb_s, use.connection_s, use.busy_s, use.mb_received, use.mb_sent,
            use.mb_calls)


def _connections(bill: PartBill) -> tuple[float | None, float | None]:
    held, busy = ([one for use in bill.parts.values() if (one := getattr(use, field)) is not None]
                  for field in ("connection_s", "busy_s"))
    return (sum(held) if held else None), (sum(busy) if busy else None)


def _value(one: Estimate | None) -> str:
    return number(one.value) if one else ABSENT


def _said(one: Estimate | None) -> str:
    if one is None:
        return ABSENT
    if one.value == one.low == one.high:
        return number(one.value)  # nothing in every trial: [0, 0] says no more
    return f"{number(one.value)} {interval(one.low, one.high)}".strip()
