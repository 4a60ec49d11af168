"""Release each journey at its instant, whether or not anybody is free to live it."""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any

from loadtests.clock import Clock
from loadtests.draw import Draw
from loadtests.schedule import Arrival
from loadtests.visitor import Released


class Dispatcher:
    """Puts journeys into a queue that visitors pull from.

    A journey is scheduled whether or not it was released: one that this dispatcher owes must be
    missed, or no guard can see that it never came.
    """

    def __init__(self, plan: list[tuple[Arrival, Draw]], queue: Any, clock: Clock) -> None:
        self._plan = plan
        self._queue = queue
        self._clock = clock
        self._t0 = math.inf
        self._until = math.inf
        self._is_ended = False
        self._released = 0

    def run(self, t0: float) -> None:
        """Release all journeys, counting from second 0."""
        self._t0 = t0
        for arrival, draw in self._plan:
            intended = t0 + arrival.offset_s
            dispatch = self._clock.wait_until(intended)
            if self._is_ended or intended > self._until:
                return
            self._queue.put(Released(arrival, draw, intended, dispatch))
            self._released += 1

    def stop(self) -> None:
        """Shorten the plan on purpose: what is due by now still comes, nothing after it."""
        self._until = min(self._until, perf_counter())

    def end(self) -> None:
        """Release nothing more, and leave the plan as it is."""
        self._is_ended = True

    def cut(self) -> None:
        """Release nothing more; the plan ends with what was released."""
        self._is_ended = True
        self._plan = self._plan[:self._released]

    @property
    def scheduled(self) -> list[Arrival]:
        """The journeys of the trial, up to where it was stopped on purpose."""
        return [arrival for arrival, _ in self._plan
                if math.isinf(self._until) or self._t0 + arrival.offset_s <= self._until]
