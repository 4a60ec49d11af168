"""A tuple a request while the load runs; Parquet after it.

Instants are `perf_counter` values until `table_rows` counts them from second 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from contract.endpoints import BY_NAME
from contract.load import Journey
from loadtests.journeys import JOURNEYS
from loadtests.schedule import Arrival

NEVER: Final = float("nan")
Row = tuple[int, int, Journey, str, float, float, float, float, int, str, str, int, int, str,
            int, int]
"""journey_no, step, journey, endpoint, intended, dispatch, send, end, status, outcome,
error_code, service_calls, bytes, reference, statements, sql_rows."""


@dataclass(slots=True)
class Open:
    """Where a journey stands: what is written of it if the trial ends now."""

    arrival: Arrival
    step: int
    intended: float
    dispatch: float = NEVER
    send: float = NEVER
    beside: Open | None = None
    """The next step, under way at the same time."""
    is_recorded: bool = False

    @property
    def requests(self) -> int:
        """How many requests are under way."""
        return 1 if self.beside is None or self.beside.is_recorded else 2


@dataclass(slots=True)
class Recorder:
    """Collects rows; `rows.append` is all that happens on the hot path."""

    rows: list[Row] = field(default_factory=list)

    def censor(self, cut: Open) -> None:
        """Write what is under way and the steps not begun, which have no instants of their own."""
        arrival = cut.arrival
        under_way = {one.step: one for one in (cut, cut.beside) if one is not None}
        for number, step in enumerate(JOURNEYS[arrival.journey]):
            here = under_way.get(number, Open(arrival, number, NEVER))
            if number < cut.step or here.is_recorded:
                continue
            instants = here.intended, here.dispatch, here.send
            self.rows.append((arrival.journey_no, number, arrival.journey, step.endpoint,
                              *instants, NEVER, 0, "censored", "", 0, 0, "", 0, 0))


def scheduled_rows(arrivals: list[Arrival]) -> int:
    """How many rows these journeys make, whatever the store answers."""
    return sum(len(JOURNEYS[arrival.journey]) for arrival in arrivals)


def table_rows(rows: list[Row], trial: int, t0: float) -> list[tuple[object, ...]]:
    """Put rows into the columns of contract.results.REQUESTS, in order of journey and step."""
    return [
        (trial, journey_no, step, journey, BY_NAME[endpoint].feature, endpoint, intended - t0,
         dispatch - t0, send - t0, end - t0, status, outcome, code, calls, size,
         reference, statements, sql_rows)
        for (journey_no, step, journey, endpoint, intended, dispatch, send, end, status, outcome,
             code, calls, size, reference, statements, sql_rows) in sorted(rows, key=_place)
    ]


def _place(row: Row) -> tuple[int, int]:
    return row[0], row[1]
