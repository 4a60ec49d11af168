"""Live one journey: each step when it is due, recorded whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import gevent

from contract.http import Work
from contract.journeys import AT_ONCE, STEPS
from contract.results import Outcome
from loadtests.asks import ABOUT_AN_ORDER, Ask, Memory, acknowledged_order
from loadtests.clock import Clock
from loadtests.connections import ConnectionBroken, Connections
from loadtests.customers import Customers
from loadtests.draw import Draw
from loadtests.journeys import JOURNEYS
from loadtests.message import Writer, error_code, judge
from loadtests.recorder import NEVER, Open, Recorder, Row
from loadtests.schedule import Arrival

Reporter = Callable[[Ask, Row], None]
"""Told of every finished request, for Locust's page."""

_NO_STATUS: Final = 0
_NO_WORK: Final = Work()


@dataclass(slots=True)
class World:
    """What all visitors of a process share."""

    connections: Connections
    writer: Writer
    customers: Customers
    recorder: Recorder
    clock: Clock
    timeout_s: float
    report: Reporter | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A journey the dispatcher let go."""

    arrival: Arrival
    draw: Draw
    intended: float
    dispatch: float


class Visitor:
    """Lives one journey after the other; `open` is the step it is at, None in between."""

    __slots__ = ("_world", "open")

    def __init__(self, world: World) -> None:
        self._world = world
        self.open: Open | None = None

    def live(self, released: Released) -> None:
        """Walk through all steps of a journey as the next free customer."""
        customers, journey = self._world.customers, released.arrival.journey
        customer = customers.take(released.arrival.journey_no, again=journey == "order_again")
        try:
            self._walk(released, customers.header(customer))
        finally:
            customers.release(customer, has_been="place_order" in STEPS[journey])

    def _walk(self, released: Released, token: bytes) -> None:
        arrival, draw = released.arrival, released.draw
        memory, think_s = Memory(), draw.think_s
        here = self.open = Open(arrival, 0, released.intended, released.dispatch)
        end, first = released.intended, AT_ONCE.get(arrival.journey)
        for number, step in enumerate(JOURNEYS[arrival.journey]):
            if first is not None and number == first + 1:
                continue  # it was sent with the step before it
            if number:
                here.step, here.intended = number, end + think_s[number - 1]
                here.is_recorded = False
                here.dispatch = here.send = NEVER
                here.dispatch = self._world.clock.wait_until(here.intended)
            take = self._take_two_steps if number == first else self._take_step
            end = take(here, step.ask(draw, memory), draw, memory, token)
        self.open = None

    def _take_two_steps(self, here: Open, ask: Ask, draw: Draw, memory: Memory,
                        token: bytes) -> float:
        """Take a step and the next one, which is the same, at one instant; return when both
        ended."""
        other = here.beside = replace(here, step=here.step + 1)
        beside = gevent.spawn(self._take_step, other, ask, draw, memory, token)
        try:
            end = self._take_step(here, ask, draw, memory, token)
            self.open = other  # the rest of the pair, if it isn't recorded yet
            others_end: float = beside.get()
        finally:
            beside.kill(block=False)
        self.open, here.beside, here.is_recorded = here, None, False
        return max(end, others_end)

    def _take_step(self, here: Open, ask: Ask, draw: Draw, memory: Memory,
                   token: bytes) -> float:
        """Send one request, judge the answer, append one row; return when it ended."""
        world = self._world
        request = world.writer.write(ask, token)
        status, work, size, code, reference = _NO_STATUS, _NO_WORK, 0, "", ""
        outcome: Outcome
        here.send = send = perf_counter()
        try:
            answer = world.connections.exchange(ask.method, request, send + world.timeout_s)
        except TimeoutError:
            end, outcome = perf_counter(), "timeout"
        except ConnectionBroken:
            end, outcome = perf_counter(), "connection"
        else:
            end = perf_counter()
            status, body, work = answer.get_code(), answer.body, answer.work
            outcome, size = judge(ask, draw, memory, status, body), len(body)
            code = "" if outcome == "ok" and status == ask.status else error_code(status, body)
            if ask.endpoint in ABOUT_AN_ORDER and 200 <= status < 300:
                reference = acknowledged_order(body)
        row: Row = (here.arrival.journey_no, here.step, here.arrival.journey, ask.endpoint,
                    here.intended, here.dispatch, send, end, status, outcome, code, work.calls,
                    size, reference, work.statements, work.rows)
        world.recorder.rows.append(row)
        here.is_recorded = True
        if world.report is not None:
            world.report(ask, row)
        return end
