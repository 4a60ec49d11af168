"""What each endpoint's right answers needed, store beside store: is it the same work?

Both arms of a pair send the same requests, so the means over whole pairs may be compared.
Bytes decide whether it is the same answer.  More rows or statements are what the split costs by
design as far as calls between services account for them: a join becomes a call, and each service
asks its own database.  Beyond that one store works otherwise, and the times are not of the same
work (docs/decisions/0199-what-calls-account-for.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import pandas as pd

from reports.arms import Arms, pairs_of
from reports.guards import Judged
from reports.read import Run
from reports.words import listed, number, percent, setting, times

BYTES_WITHIN: Final = 0.02
"""Means of the body's length that are this close are the same answer."""
WORK_WITHIN: Final = 0.10
"""Means of SQL rows, and of statements, that are this close are the same work."""
STEPS_A_CALL: Final = 2
"""Statements, and rows of its own, that a call may add: what was asked for, and the books of it."""
LEAST_ROWS: Final = 5
"""Right answers of each store below which nothing is said."""

Quantity = Literal["statements", "sql_rows", "bytes", "service_calls"]
QUANTITIES: Final[tuple[Quantity, ...]] = ("statements", "sql_rows", "bytes", "service_calls")
_WORK: Final[tuple[Quantity, ...]] = ("statements", "sql_rows")
Word = Literal["same work", "same answer, work added by calls", "same answer, unequal work",
               "unequal answers", "unknown"]
WORDS: Final[tuple[Word, ...]] = get_args(Word)


@dataclass(frozen=True, slots=True)
class Spread:
    """One quantity over the right answers of an endpoint."""

    median: float
    low: float
    high: float
    mean: float


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One endpoint in both stores; spreads and numbers of answers by topology."""

    endpoint: str
    base: str
    rival: str
    n: dict[str, int]
    spreads: dict[str, dict[Quantity, Spread]]

    def ratio(self, quantity: Quantity) -> float:
        """Mean of the rival / mean of the base; 1 where both are zero."""
        above, below = self._mean(self.rival, quantity), self._mean(self.base, quantity)
        if below:
            return above / below
        return float("inf") if above else 1.0

    @property
    def word(self) -> Word:
        if min(self.n.values()) < LEAST_ROWS:
            return "unknown"
        if not _is_within(self.ratio("bytes"), BYTES_WITHIN):
            return "unequal answers"
        if all(_is_within(self.ratio(what), WORK_WITHIN) for what in _WORK):
            return "same work"
        return ("same answer, work added by calls" if all(map(self._is_accounted_for, _WORK))
                else "same answer, unequal work")

    @property
    def is_found(self) -> bool:
        """Is it a confound?  What calls add is what is compared; all other unequal work is."""
        return self.word in ("same answer, unequal work", "unequal answers")

    def _is_accounted_for(self, quantity: Quantity) -> bool:
        """Do the calls that the store with more makes beyond the other's bring what it has more?

        Each brings two steps of its own; together they may read every row once more.
        """
        less, more = sorted((self.base, self.rival), key=lambda name: self._mean(name, quantity))
        calls = max(0.0, self._mean(more, "service_calls") - self._mean(less, "service_calls"))
        allowed = self._mean(less, quantity) + STEPS_A_CALL * calls
        if quantity == "sql_rows":
            allowed += self._mean(less, quantity) * min(1.0, calls)
        return self._mean(more, quantity) <= allowed * (1 + WORK_WITHIN)

    def _mean(self, topology: str, quantity: Quantity) -> float:
        return self.spreads[topology][quantity].mean

    def _needed(self, topology: str) -> str:
        statements, rows, calls = (number(self._mean(topology, what))
                                   for what in ("statements", "sql_rows", "service_calls"))
        return f"{statements} statements, {rows} rows and {calls} calls between services"

    @property
    def sentence(self) -> str:
        """The verdict with its numbers."""
        said = f"{self.endpoint}: {self.word}"
        if self.word == "unknown":
            return f"{said}, fewer than {LEAST_ROWS} right answers of a store."
        if self.word == "unequal answers":
            return (f"{said}, {self.rival} sends {times(self.ratio('bytes'))} the bytes of "
                    f"{self.base}: their times are not those of the same work.")
        if self.word == "same work":
            return (f"{said}, bytes within {percent(BYTES_WITHIN, 0)}, statements and rows within "
                    f"{percent(WORK_WITHIN, 0)}.")
        needed = (f"{said}, an answer of {self.base} needs {self._needed(self.base)}, of "
                  f"{self.rival} {self._needed(self.rival)} (means)")
        if self.word == "same answer, unequal work":
            return (f"{needed}; the calls do not account for it: their times are not those of "
                    "the same work.")
        return f"{needed}."


def measure_fingerprints(run: Run, judged: list[Judged], arms: Arms) -> list[Fingerprint]:
    """One for each endpoint that both stores answered in whole pairs of the latency phase."""
    if arms.rival is None:
        return []
    base, rival = arms.base, arms.rival
    pairs = pairs_of(judged, [base, rival], lambda trial: trial.phase == "latency")
    if not pairs:
        return []
    tables = {name: _table(pd.concat([run.measured(pair[name]) for pair in pairs]))
              for name in (base, rival)}
    shared = sorted(set(tables[base].index) & set(tables[rival].index))
    return [Fingerprint(endpoint, base, rival,
                        {name: int(table.loc[endpoint, ("bytes", "size")])
                         for name, table in tables.items()},
                        {name: _spreads(table.loc[endpoint]) for name, table in tables.items()})
            for endpoint in shared]


def summary_of(found: list[Fingerprint]) -> str:
    """Say how many endpoints are the same, and name those that are not."""
    named = {word: [one.endpoint for one in found if one.word == word]
             for word in WORDS}
    return "; ".join(f"{word}: {listed(names)}" for word, names in named.items() if names) + "."


def range_of(spread: Spread) -> str:
    """13 [13, 15]; without brackets where all are equal."""
    if spread.low == spread.high:
        return setting(spread.median)
    return f"{setting(spread.median)} [{setting(spread.low)}, {setting(spread.high)}]"


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    """By endpoint: median, min, max, mean and size of each quantity, right answers only."""
    right = rows.loc[rows["right"].to_numpy(), ["endpoint", *QUANTITIES]]
    table: pd.DataFrame = right.groupby("endpoint", observed=True).agg(
        ["median", "min", "max", "mean", "size"])
    table.index = pd.Index([str(name) for name in table.index])
    return table


def _spreads(row: pd.Series) -> dict[Quantity, Spread]:
    return {quantity: Spread(*(float(row[quantity, of])
                               for of in ("median", "min", "max", "mean")))
            for quantity in QUANTITIES}


def _is_within(ratio: float, share: float) -> bool:
    return 1 / (1 + share) <= ratio <= 1 + share
