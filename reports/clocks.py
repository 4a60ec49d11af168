"""The same rows as other tools would show them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.estimate import Floats, quantiles


@dataclass(frozen=True, slots=True)
class Clock:
    """The same rows seen by another kind of tool."""

    topology: str
    tool: str
    n: int
    percentiles: dict[float, float | None]


def read_clocks(name: str, frame: pd.DataFrame) -> list[Clock]:
    first = frame[frame["step"].to_numpy() == 0]
    service = np.where(first["right"], first["service_ms"], np.inf)
    seen = first["service_ms"].to_numpy()
    seen = seen[~np.isnan(seen)]
    return [
        Clock(name, "from the intended arrival (this report)", len(first),
              quantiles(first["latency_ms"].to_numpy())),
        Clock(name, "clock starts when sent", len(first), quantiles(service)),
        Clock(name, "as Locust prints: when sent, wrong answers included, two digits",
              len(seen), quantiles(_two_digits(seen))),
    ]


def _two_digits(ms: Floats) -> Floats:
    """Locust's rounding: whole ms below 100, tens below 1,000, hundreds below 10,000."""
    rounded: Floats = np.where(ms < 100, np.round(ms), np.where(
        ms < 1000, np.round(ms, -1), np.where(ms < 10_000, np.round(ms, -2), np.round(ms, -3))))
    return rounded
