"""What each endpoint's right answers needed, store beside store: is it the same work?

Both arms of a pair send the same requests, so the means over whole pairs may be compared.
Bytes decide whether it is the same answer; rows and statements tell what the split costs by
design: a join becomes a call, and each service asks its own database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from reports.arms import Arms, pairs_of
from reports.guards import Judged
from reports.read import Run
from reports.words import listed, percent, setting, times

BYTES_WITHIN: Final = 0.02
"""Means of the body's length that are this close are the same answer."""
ROWS_WITHIN: Final = 0.10
"""Means of SQL rows that are this close are the same work."""
LEAST_ROWS: Final = 5
"""Right answers of each store below which nothing is said."""

Quantity = Literal["statements", "sql_rows", "bytes", "service_calls"]
QUANTITIES: Final[tuple[Quantity, ...]] = ("statements", "sql_rows", "bytes", "service_calls")
Word = Literal["same work", "same answer, unequal work", "unequal answers", "unknown"]


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
        above, below = (self.spreads[name][quantity].mean for name in (self.rival, self.base))
        if below:
            return above / below
        return float("inf") if above else 1.0

    @property
    def word(self) -> Word:
        if min(self.n.values()) < LEAST_ROWS:
            return "unknown"
        if not _is_within(self.ratio("bytes"), BYTES_WITHIN):
            return "unequal answers"
        return ("same work" if _is_within(self.ratio("sql_rows"), ROWS_WITHIN)
                else "same answer, unequal work")

    @property
    def is_found(self) -> bool:
        """Is it a confound?  Only other answers are; what the split adds is what is compared."""
        return self.word == "unequal answers"

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
            return (f"{said}, bytes within {percent(BYTES_WITHIN, 0)}, rows within "
                    f"{percent(ROWS_WITHIN, 0)}.")
        return (f"{said}, {self.rival} reads or changes {times(self.ratio('sql_rows'))} the rows "
                f"of {self.base} in {times(self.ratio('statements'))} the statements.")


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
             for word in ("same work", "same answer, unequal work", "unequal answers", "unknown")}
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
