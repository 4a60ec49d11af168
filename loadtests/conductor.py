"""The protocol with the lab, for one process or for a master with workers.

    child                                  lab
    TWINSTORE READY          →             all users are spawned
                             ←  go         (or end of input: quit)
    TWINSTORE STARTED t      →             t = perf_counter() at second 0, a moment ahead
    requests and summary are written
    TWINSTORE DONE           →             (`DONE cut off` after a signal)

What can't be written is told as TWINSTORE FAILED, errno, words: the log may be on the same full
disk.
With workers only control passes through the master: each worker takes every n-th journey and
writes a part of its own, the master merges the parts.  Second 0 is an instant of this
machine's monotonic clock, so all processes must run on one machine.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from contract.load import LoadSpec
from contract.results import REQUESTS, write_table
from loadtests.command import GATE_ENV
from loadtests.gate import is_let_go, say
from loadtests.page import reporter_for
from loadtests.parts import merge_parts, part_path, read_instants, write_part
from loadtests.summary import Account, Instants, join, summarise
from loadtests.trial import Trial

_AHEAD_S: Final = 0.2
_AHEAD_DISTRIBUTED_S: Final = 0.5
_WORKERS_WRITE_S: Final = 30.0


class Conductor:
    """Leads one process through its trial; `start` it when all users are spawned."""

    def __init__(self, environment: Environment, spec: LoadSpec) -> None:
        self._environment = environment
        self.spec = spec
        self._runner: Any = environment.runner
        self._t0 = 0.0
        self._is_begun = self._is_over = False
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, self.interrupt)

    def start(self) -> None:
        """Begin once, when all users are there."""
        if not self._is_begun:
            self._is_begun = True
            gevent.spawn(self._conduct)

    def visit(self) -> None:
        """The body of a Locust user."""
        raise NotImplementedError

    def end(self) -> None:
        """Write what was recorded; called at every way out, acts once."""
        if self._is_over:
            return
        self._is_over = True
        self._environment.process_exit_code = 1
        try:
            is_whole = self._close()
        except OSError as failed:
            say(f"FAILED {failed.errno or 0} {' '.join(str(failed.strerror or failed).split())}")
            return
        if is_whole:
            self._environment.process_exit_code = 0
        say("DONE" if is_whole else "DONE cut off")

    def interrupt(self) -> None:
        """Write what was recorded and leave."""
        self.end()
        self._leave()

    def _conduct(self) -> None:
        try:
            say("READY")
            if not self._is_over and self._may_begin():
                self._t0 = perf_counter() + self._ahead_s()
                say(f"STARTED {self._t0!r}")
                self._load()
                self.end()
        finally:
            self._leave()

    def _may_begin(self) -> bool:
        return os.environ.get(GATE_ENV) != "stdin" or is_let_go()

    def _leave(self) -> None:
        options = self._environment.parsed_options
        if options.headless or options.autostart or not self._is_begun:
            self._runner.quit()
            if self._environment.web_ui:
                self._environment.web_ui.stop()
        else:
            self._runner.stop()  # started by hand on Locust's page: leave the page up

    def _ahead_s(self) -> float:
        return _AHEAD_S

    def _load(self) -> None:
        """Drive the load to its end."""
        raise NotImplementedError

    def _close(self) -> bool:
        """Write rows and summary; say whether the trial was whole."""
        raise NotImplementedError

    def _summarise(self, instants: list[Instants], account: Account) -> None:
        summary = summarise(self.spec.trial, self._t0, instants, account)
        path = Path(self.spec.summary_path)
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(summary.model_dump_json(indent=1), encoding="utf-8")
        partial.replace(path)


class Soloist(Conductor):
    """The whole load in this process."""

    def __init__(self, environment: Environment, spec: LoadSpec) -> None:
        super().__init__(environment, spec)
        self.trial = Trial(spec, report=reporter_for(environment))
        self._is_whole = False

    def visit(self) -> None:
        self.trial.visit()

    def _load(self) -> None:
        self.trial.run(self._t0)
        self._is_whole = True

    def _close(self) -> bool:
        self.trial.close()
        write_table(self.trial.rows, REQUESTS, Path(self.spec.requests_path))
        self._summarise(self.trial.instants, self.trial.account)
        return self._is_whole


class Worker(Conductor):
    """Every n-th journey; begins and ends when the master says so."""

    def __init__(self, environment: Environment, spec: LoadSpec) -> None:
        super().__init__(environment, spec)
        self._index = self._runner.worker_index
        self.trial = Trial(spec, self._index, environment.parsed_options.processes,
                           reporter_for(environment))
        self._runner.register_message("twinstore_start", self._on_start, concurrent=True)
        self._runner.register_message("twinstore_stop", self._on_stop)
        self._runner.register_message("twinstore_end", self._on_end, concurrent=True)

    def start(self) -> None:
        """The master begins."""

    def visit(self) -> None:
        self.trial.visit()

    def interrupt(self) -> None:
        """Ctrl-C reaches the whole group: the master asks for the rows."""

    def _on_start(self, msg: Any, **_: Any) -> None:
        self.trial.run(msg.data["t0"])
        self.end()

    def _on_stop(self, **_: Any) -> None:
        self.trial.stop_early()

    def _on_end(self, **_: Any) -> None:
        self.end()

    def end(self) -> None:
        """Write the part and tell the master."""
        if self._is_over:
            return
        self._is_over = True
        self.trial.close()
        write_part(self.trial.rows, part_path(Path(self.spec.requests_path), self._index))
        account = self.trial.account
        self._runner.send_message("twinstore_done", {
            "index": self._index, "rows_scheduled": account.rows_scheduled,
            "stopped_early": account.stopped_early, "cpu_share": account.cpu_share})


class Master(Conductor):
    """No load of its own: lets the workers go, waits for their parts, merges them."""

    def __init__(self, environment: Environment, spec: LoadSpec) -> None:
        super().__init__(environment, spec)
        self._accounts: dict[int, Account] = {}
        self._all_done = Event()
        self._runner.register_message("twinstore_done", self._on_done)

    def visit(self) -> None:
        """A master has no users."""

    def _ahead_s(self) -> float:
        return _AHEAD_DISTRIBUTED_S

    def _load(self) -> None:
        self._runner.send_message("twinstore_start", {"t0": self._t0})
        seconds = sum(seconds for seconds, _ in self.spec.rate_profile)
        self._all_done.wait(seconds + self.spec.drain_s + _WORKERS_WRITE_S)

    def _close(self) -> bool:
        is_whole: bool = self._all_done.is_set()
        if not is_whole:
            self._runner.send_message("twinstore_end", {})
            self._all_done.wait(_WORKERS_WRITE_S)
        requests = Path(self.spec.requests_path)
        parts = [part_path(requests, index) for index in sorted(self._accounts)]
        merge_parts(parts, requests)
        self._summarise(read_instants(requests), join(list(self._accounts.values())))
        return is_whole

    def _on_done(self, msg: Any, **_: Any) -> None:
        told = dict(msg.data)
        index = told.pop("index")
        self._accounts[index] = Account(**told)
        if len(self._accounts) == self._environment.parsed_options.processes:
            self._all_done.set()


def conductor_for(environment: Environment, spec: LoadSpec) -> Conductor:
    """Choose by the part that Locust gave this process."""
    if isinstance(environment.runner, MasterRunner):
        return Master(environment, spec)
    if isinstance(environment.runner, WorkerRunner):
        return Worker(environment, spec)
    return Soloist(environment, spec)
