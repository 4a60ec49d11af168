"""One store, running: PostgreSQL, its programs behind Envoy, all inside one budget group."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from lab.budget.group import Group, cores_for, describe_memory, pin, pin_new
from lab.deploy import pause, snapshot
from lab.deploy.distance import DistanceError, measure
from lab.deploy.ending import end, ordered
from lab.deploy.inventory import describe
from lab.deploy.postgres import open_server
from lab.deploy.processes import Command, Process, kill_group, start
from lab.deploy.relay import Relay
from lab.deploy.startup import Place, Startup, answers
from lab.deploy.supervisor import Key, StackEvent, Supervisor
from lab.topology import Budget, Topology


class Stack:
    """A running topology.  Made by `Deployment.start`."""

    def __init__(self, topology: Topology, place: Place) -> None:
        self.topology = topology
        self.base_url = ""
        self.startup_s = 0.0
        self.database_urls: dict[str, str] = {}
        """Superuser addresses by database name: for restore and audit only."""
        self.processes: dict[Key, Process] = {}
        self.budget = Budget()
        self.cpus: list[int] = []
        """The cores that the processes are pinned to now; empty while starting."""
        self.relay: Relay | None = None
        """Stands between the services, where the topology asks for it."""
        self.outer: Relay | None = None
        """Stands before the bank and the databases, where the topology asks for it."""
        self.hop_ms = 0.0
        self._place = place
        self._still: list[psutil.Process] = []
        self._lock = threading.Lock()
        self._listeners: list[Callable[[StackEvent], None]] = []
        self._snapshots: list[snapshot.Snapshot] = []
        self._commands: dict[Key, Command] = {}
        self._supervisor = Supervisor(
            self.processes, place.platform, self._restart,
            lambda process: answers(process, self.database_urls.values()), self._tell)

    def start(self, budget: Budget) -> None:
        """Bring everything up and fill the databases.  Raises StartError."""
        began = time.monotonic()
        # Importing the programs takes longest: it goes on while databases are made and seeded.
        # Background work that should meet a missing table is tried again a second later.
        startup = Startup(self.topology, self._place, self._launch)
        servers = startup.launch_databases()
        role_urls = {name: server.role_url(name) for server in servers
                     for name in server.role_passwords}
        self.database_urls = {name: server.superuser_url(name) for server in servers
                              for name in server.role_passwords}
        launched = startup.launch_programs(role_urls)
        self.base_url = launched.base_url
        self.relay, self.outer = launched.relay, launched.outer
        for relay in filter(None, (self.relay, self.outer)):
            relay.on_end(lambda code: self._tell(StackEvent("relay", 0, "exit", f"code {code}")))
        with ThreadPoolExecutor(len(servers)) as pool:
            list(pool.map(open_server, servers))
        startup.seed(role_urls)
        startup.await_programs(launched.programs, self.base_url,
                               lambda: list(self.processes.values()))
        self._snapshots = [snapshot.take(url) for url in self.database_urls.values()]
        self.startup_s = time.monotonic() - began
        self.set_budget(budget)  # all cores may help to start, none is limited before
        self._supervisor.start()

    def restore(self) -> None:
        """Bring up what is down and put the data back as it was after seeding.

        The budget is lifted meanwhile.  Raises StartError when a part does not come back,
        RelayError when a relay has ended, which nothing brings back.
        """
        for relay in filter(None, (self.relay, self.outer)):
            relay.require_alive()
        with self._unlimited(), ThreadPoolExecutor(2) as pool:
            self._supervisor.bring_up()
            list(pool.map(snapshot.restore, self._snapshots))

    def bring_up(self) -> None:
        """Start again what ended and wait until it serves.  Raises StartError."""
        with self._unlimited():
            self._supervisor.bring_up()

    def end_parts(self) -> None:
        """End every part and keep the data: `restore` starts them again, all afresh."""
        keys = list(self.processes)
        self.keep_down(keys)  # none comes back before the last has ended
        try:
            end(self.processes.values(), keep_data=True)
        finally:
            self.let_up(keys)

    def set_hop_ms(self, ms: float) -> bool:
        """Put a distance on each way of every call between services: milliseconds.

        Returns False where there are no such calls, so nothing was done.  Raises DistanceError
        for a distance without a relay (`Topology.relayed`), RelayError if it does not obey.
        """
        if self.relay:
            self.relay.set_distance(ms)
            self.hop_ms = ms
            return True
        if ms and self.topology.has_calls:
            raise DistanceError(f"{self.topology.name} was started without a relay: there is "
                                f"nothing to put {ms:g} ms between its services")
        return False

    def measure_hop_ms(self, n: int = 50) -> float:
        """Measure the distance of one way by n pairs of requests, in ms; 0 without a relay.

        The budget is lifted meanwhile; nobody else should ask.  Raises DistanceError when it is
        more than 0.1 ms and 10 % off.
        """
        if not self.relay:
            return 0.0
        with self._unlimited():
            return measure(self.relay, self.hop_ms, n)

    def pause(self) -> None:
        """Stop every process in place: an idle store takes nothing from the one under load."""
        self._supervisor.is_paused = True
        self._still = pause.pause(ordered(self.processes.values()))

    def resume(self) -> None:
        """Undo `pause`; ask for /readyz before anything else."""
        pause.resume(reversed(ordered(self.processes.values())), self._still)
        self._supervisor.is_paused = False

    def set_budget(self, budget: Budget) -> None:
        """Change the limits of the running architecture."""
        self.budget = budget
        self.group.set_budget(budget)
        cpus = cores_for(self._place.cpus, budget)
        if cpus != self.cpus:
            self.cpus = cpus
            for process in list(self.processes.values()):
                pin(process.pid, cpus)

    @property
    def has_memory_limit(self) -> bool:
        """Whether the kernel holds it to its budget's memory."""
        return set(describe_memory(self.budget)) <= set(self.group.enforced)

    def keep_down(self, keys: Iterable[Key]) -> None:
        """Let the platform not start these parts again, should they end."""
        self._supervisor.held.update(keys)

    def let_up(self, keys: Iterable[Key]) -> None:
        """Undo `keep_down`: what ended is started again now."""
        self._supervisor.held.difference_update(keys)

    def await_up(self, keys: Iterable[Key]) -> None:
        """Wait until parts that ended are back.  Raises StartError when they are not."""
        for key in keys:
            self._supervisor.await_up(key)

    @property
    def group(self) -> Group:
        return self._place.group

    @property
    def private_folder(self) -> Path:
        """Its databases' files and its proxy's configuration; nobody else's."""
        return self._place.private

    @contextlib.contextmanager
    def listening(self, heard: Callable[[StackEvent], None]) -> Iterator[None]:
        """Hear of exits and restarts while the block runs."""
        self._listeners.append(heard)
        try:
            yield
        finally:
            self._listeners.remove(heard)

    def describe(self) -> dict[str, Any]:
        """Say what runs, for run.json."""
        return describe(self.topology, len(self.database_urls), self.relay is not None,
                        self.processes.values())

    def dead(self) -> list[Key]:
        """Who has ended and is not kept down on purpose."""
        return [key for key, process in list(self.processes.items())
                if not process.is_alive and key not in self._supervisor.held]

    def halt(self) -> None:
        """Let the platform start nothing any more; returns at once."""
        self._supervisor.halt()

    def stop(self) -> None:
        """Stop everything: first who asks, then who answers."""
        self._supervisor.stop()
        self.resume()
        end(self.processes.values())
        for relay in filter(None, (self.relay, self.outer)):
            relay.stop()

    @contextlib.contextmanager
    def _unlimited(self) -> Iterator[None]:
        """Lift the budget while the block runs."""
        self.group.set_budget(Budget())
        try:
            yield
        finally:
            self.group.set_budget(self.budget)

    def _launch(self, command: Command) -> Process:
        place = self._place
        self._commands[command.part, command.replica] = command
        wrapped = Command(command.part, command.replica, place.group.wrap(command.argv,
                                                                         command.part),
                          command.environ, command.port, command.user, command.stop_signal)

        def put(pid: int) -> None:
            pin_new(pid, self.cpus or place.startup_cpus)
            place.group.place(pid, command.part)

        process = start(wrapped, place.logs, put, place.register)
        with self._lock:
            self.processes[command.part, command.replica] = process
        return process

    def _restart(self, key: Key) -> Process:
        kill_group(self.processes[key].pid)  # what its end left behind
        process = self._launch(self._commands[key])
        pin(process.pid, self.cpus)
        return process

    def _tell(self, event: StackEvent) -> None:
        for listener in list(self._listeners):
            listener(event)
