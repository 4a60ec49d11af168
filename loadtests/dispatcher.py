"""Release each journey at its instant, whether or not anybody is free to live it."""

from __future__ import annotations

from typing import Any

from loadtests.clock import Clock
from loadtests.draw import Draw
from loadtests.schedule import Arrival
from loadtests.visitor import Released


class Dispatcher:
    """Puts journeys into a queue that visitors pull from.

    `released` counts those let go; after `stop` the rest never comes.
    """

    def __init__(self, plan: list[tuple[Arrival, Draw]], queue: Any, clock: Clock) -> None:
        self._plan = plan
        self._queue = queue
        self._clock = clock
        self._is_stopped = False
        self.released = 0

    def run(self, t0: float) -> None:
        """Release all journeys, counting from second 0."""
        for arrival, draw in self._plan:
            intended = t0 + arrival.offset_s
            dispatch = self._clock.wait_until(intended)
            if self._is_stopped:
                return
            self._queue.put(Released(arrival, draw, intended, dispatch))
            self.released += 1

    def stop(self) -> None:
        """Release nothing more."""
        self._is_stopped = True

    @property
    def scheduled(self) -> list[Arrival]:
        """The journeys of the trial, up to the stop."""
        plan = self._plan[:self.released] if self._is_stopped else self._plan
        return [arrival for arrival, _ in plan]
