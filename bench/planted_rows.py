"""Synthetic request rows with the noise of a small machine, and effects planted into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from reports.estimate import Floats

ROWS: Final = 2000
"""Requests a trial: the least that carries a p99."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What differs between trials although nothing was changed (standard deviations of logs)."""

    trial: float = 0.12
    """Of a trial's level, for itself."""
    phase: float = 0.32
    """How much slower the machine is in its slow phase; half of the time, so 0.16."""
    change: float = 0.1
    """Chance that the phase changes from a trial to the next: autocorrelation 1 − 2·change."""
    rows: float = 0.5
    """Of the requests of one trial."""
    spread: float = 0.05
    """Of `rows` itself, from trial to trial: tails are noisier than medians."""

    def times(self, factor: float) -> Noise:
        """The same machine with so much of its trial to trial noise."""
        return Noise(self.trial * factor, self.phase * factor, self.change, self.rows,
                     self.spread * factor)


@dataclass(frozen=True, slots=True)
class Effect:
    """The rival's requests take `factor` times as long, the fastest `spared` share excepted."""

    factor: float = 1.0
    spared: float = 0.0


NONE: Final = Effect()


def make_rows(rng: np.random.Generator, trials: int, noise: Noise, n: int = ROWS) -> Floats:
    """Response times in ms, (trials, n): lognormal, in the order of measurement."""
    phase = (np.cumsum(rng.random(trials) < noise.change) + rng.integers(0, 2)) % 2
    level = np.log(5.0) + noise.phase * phase + rng.normal(0, noise.trial, trials)
    spread = noise.rows * np.exp(rng.normal(0, noise.spread, trials))
    rows: Floats = np.exp(level[:, None] + spread[:, None] * rng.standard_normal((trials, n)))
    return rows


def plant(rows: Floats, effect: Effect) -> None:
    """Make the requests of one trial slower, in place."""
    slow = rows > np.quantile(rows, effect.spared) if effect.spared else np.full(len(rows), True)
    rows[slow] *= effect.factor
