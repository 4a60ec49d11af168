"""One trial in one generator process: from second 0 to the end of its drain."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from time import perf_counter

import gevent
from gevent.queue import SimpleQueue

from contract.load import LoadSpec
from loadtests.clock import new_clock
from loadtests.connections import Connections
from loadtests.customers import Customers, read_tokens
from loadtests.dispatcher import Dispatcher
from loadtests.draw import Journeys
from loadtests.early_stop import attainment, should_stop
from loadtests.message import Writer
from loadtests.recorder import Open, Recorder, Row, scheduled_rows, table_rows
from loadtests.schedule import arrivals, load_s, share
from loadtests.summary import Account, Instants
from loadtests.visitor import Reporter, Visitor, World

_LOOK_EVERY_S = 0.25
_DRAIN_LOOK_S = 0.01


class Trial:
    """Knows the whole schedule before it begins; `rows` and `account` are final after `close`."""

    def __init__(self, spec: LoadSpec, index: int = 0, processes: int = 1,
                 report: Reporter | None = None) -> None:
        self.spec = spec
        writer = Writer(spec.base_url)
        customers = Customers(read_tokens(Path(spec.tokens_file), index, processes))
        self._recorder = Recorder()
        clock = new_clock()
        self._world = World(Connections(writer.address), writer, customers, self._recorder,
                            clock, spec.timeout_s, report)
        journeys = Journeys(spec)
        mine = share(arrivals(spec), index, processes)
        self._queue = SimpleQueue()
        self._dispatcher = Dispatcher(
            [(arrival, journeys.draw(arrival.journey_no, arrival.seed)) for arrival in mine],
            self._queue, clock)
        self._visitors: list[Visitor] = []
        self._rows: list[Row] | None = None
        self._t0 = perf_counter()
        self._cpu: list[tuple[float, float]] = []
        self.is_stopped_early = self._is_driven = False

    def visit(self) -> None:
        """Live one journey after the other; the body of a Locust user, ended by killing it."""
        visitor = Visitor(self._world)
        self._visitors.append(visitor)
        while True:
            visitor.live(self._queue.get())

    def run(self, t0: float) -> None:
        """Drive the load from second 0 (`perf_counter`) and return when it has drained."""
        self._t0 = t0
        gc.collect()
        gc.freeze()
        gc.disable()
        gevent.sleep(max(0.0, t0 - perf_counter()))
        self._note_cpu()
        release = gevent.spawn(self._dispatcher.run, t0)
        self._watch(t0, t0 + load_s(self.spec.rate_profile))
        self._note_cpu()
        release.join(timeout=1)
        self._drain(perf_counter() + self.spec.drain_s)
        self._is_driven = True
        self.close()

    def stop_early(self) -> None:
        """Release no more journeys; what was released is drained as usual."""
        self.is_stopped_early = True
        self._dispatcher.stop()

    def close(self) -> None:
        """End the trial now: what is still open is censored.  May be called again.

        Only one that is cut off before its end has a shorter plan; in one that was driven to its
        end a journey that was never released is missed, and the trial is rejected for it.
        """
        if self._rows is not None:
            return
        if self._is_driven:
            self._dispatcher.end()
        else:
            self._dispatcher.cut()
        while len(self._cpu) < 2:
            self._note_cpu()
        for cut in self._open():
            self._recorder.censor(cut)
        while not self._queue.empty():
            waiting = self._queue.get()
            self._recorder.censor(Open(waiting.arrival, 0, waiting.intended, waiting.dispatch))
        self._rows = list(self._recorder.rows)
        self._world.connections.close()
        gc.enable()

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """The rows in the columns of contract.results.REQUESTS."""
        return table_rows(self._rows or [], self.spec.trial, self._t0)

    @property
    def instants(self) -> list[Instants]:
        """The four instants of every row."""
        return [(row[4], row[5], row[6], row[7]) for row in self._rows or []]

    @property
    def account(self) -> Account:
        """What rows don't say."""
        (begin, cpu_begin), (end, cpu_end) = self._cpu[0], self._cpu[1]
        return Account(scheduled_rows(self._dispatcher.scheduled), self.is_stopped_early,
                       (cpu_end - cpu_begin) / max(end - begin, 1e-9))

    def _watch(self, t0: float, load_end: float) -> None:
        """Wait for the end of the load, or for the store to be clearly past its capacity."""
        rule = self.spec.early_stop
        slo_s = self.spec.slo_ms / 1000
        warm = t0 + self.spec.rate_profile[0][0] if self.spec.rate_profile else t0
        while not self.is_stopped_early and (left := load_end - perf_counter()) > 0:
            gevent.sleep(min(left, _LOOK_EVERY_S) if rule else left)
            if rule:
                now = perf_counter()
                begin = max(warm, now - slo_s - rule.over_s)
                if should_stop(rule, *attainment(self._recorder.rows, self._open(waiting=True),
                                                 begin, now, slo_s)):
                    self.stop_early()

    def _drain(self, until: float) -> None:
        while perf_counter() < until and (self._open() or not self._queue.empty()):
            gevent.sleep(_DRAIN_LOOK_S)

    def _open(self, *, waiting: bool = False) -> list[Open]:
        stand = [visitor.open for visitor in self._visitors if visitor.open is not None]
        if waiting:
            stand += [Open(one.arrival, 0, one.intended) for one in self._queue.queue]
        return stand

    def _note_cpu(self) -> None:
        self._cpu.append((perf_counter(), time.process_time()))
