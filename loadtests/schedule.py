"""The schedule exists before the load: equal specs give equal arrivals, byte for byte."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from contract.load import Journey, LoadSpec


@dataclass(frozen=True, slots=True)
class Arrival:
    """Journey number `journey_no` comes `offset_s` seconds after second 0; `seed` is its data."""

    journey_no: int
    offset_s: float
    journey: Journey
    seed: int


def arrivals(spec: LoadSpec) -> list[Arrival]:
    """Draw a Poisson stream with piecewise constant rate; the trial's number plays no part."""
    source = random.Random(f"arrivals-{spec.seed}")  # noqa: S311 - load, not a secret
    names: list[Journey] = sorted(spec.workload.weights)
    levels = list(accumulate(spec.workload.weights[name] for name in names))
    if not levels or levels[-1] <= 0:
        raise ValueError(f"weights {spec.workload.weights} name no journey that is ever taken")
    return [
        Arrival(number, offset_s, names[_pick(levels, source.random())], source.getrandbits(48))
        for number, offset_s in enumerate(_instants(spec.rate_profile, source))
    ]


def load_s(profile: Sequence[tuple[float, float]]) -> float:
    """Length of the load, warm-up included, without the drain."""
    return sum(seconds for seconds, _ in profile)


def share(stream: list[Arrival], index: int, processes: int) -> list[Arrival]:
    """The arrivals of generator process `index` of `processes`."""
    return [arrival for arrival in stream if arrival.journey_no % processes == index]


def _instants(profile: Sequence[tuple[float, float]], source: random.Random) -> list[float]:
    """Unit-rate arrivals mapped through the cumulative rate, so that steps join without a seam."""
    instants: list[float] = []
    begin_s, expected = 0.0, 0.0
    target = source.expovariate(1.0)
    for seconds, rate in profile:
        while rate > 0 and target < expected + seconds * rate:
            instants.append(begin_s + (target - expected) / rate)
            target += source.expovariate(1.0)
        begin_s += seconds
        expected += seconds * rate
    return instants


def _pick(levels: list[float], uniform: float) -> int:
    # The last level itself can't be drawn: uniform < 1.
    return bisect_left(levels, levels[-1] * (1.0 - uniform))
