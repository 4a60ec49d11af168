"""One store, running: PostgreSQL, its programs behind Envoy, all inside one budget group."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import urllib3

from lab.budget.group import Group, cores_for, pin, pin_new
from lab.deploy import envoy, snapshot
from lab.deploy.ports import HOST, free_port, free_ports
from lab.deploy.postgres import (
    PostgresTemplate,
    Server,
    describe_server,
    open_server,
    server_command,
)
from lab.deploy.processes import (
    Command,
    Process,
    Register,
    StartError,
    await_true,
    kill_group,
    start,
    tail,
)
from lab.deploy.programs import (
    Surroundings,
    base_environ,
    database_environ,
    mark_of,
    store_command,
)
from lab.deploy.supervisor import Key, Supervisor
from lab.deploy.supervisor import StackEvent as StackEvent  # noqa: PLC0414 - for listeners
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import DATABASES, SERVICES, Budget, Topology

_START_S: Final = 30.0
_SEED_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a stack runs: what the deployment gives each of its stacks."""

    around: Surroundings
    private: Path
    logs: Path
    group: Group
    register: Register
    template: PostgresTemplate
    platform: PlatformKeys
    data: DataKeys
    cpus: list[int]
    """The cores of the stores; as many of them are used as the budget asks for."""
    startup_cpus: list[int]


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
        self._place = place
        self._lock = threading.Lock()
        self._listeners: list[Callable[[StackEvent], None]] = []
        self._snapshots: list[snapshot.Snapshot] = []
        self._commands: dict[Key, Command] = {}
        self._supervisor = Supervisor(self.processes, place.platform, self._restart, _answers,
                                      self._tell)

    def start(self, budget: Budget) -> None:
        """Bring everything up and fill the databases.  Raises StartError."""
        began = time.monotonic()
        # Importing the programs takes longest: it goes on while databases are made and seeded.
        # Background work that should meet a missing table is tried again a second later.
        servers = self._launch_databases()
        role_urls = {name: server.role_url(name) for server in servers
                     for name in server.role_passwords}
        self.database_urls = {name: server.superuser_url(name) for server in servers
                              for name in server.role_passwords}
        started = self._launch_programs(role_urls)
        with ThreadPoolExecutor(len(servers)) as pool:
            list(pool.map(open_server, servers))
        self._await_seed(self._seed(role_urls))
        self._await_programs(started)
        self._snapshots = [snapshot.take(url) for url in self.database_urls.values()]
        self.startup_s = time.monotonic() - began
        self.set_budget(budget)  # all cores may help to start, none is limited before
        self._supervisor.start()

    def restore(self) -> None:
        """Put the data back as it was after seeding; the budget is lifted meanwhile."""
        self.group.set_budget(Budget())
        try:
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(snapshot.restore, self._snapshots))
        finally:
            self.group.set_budget(self.budget)

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
    def group(self) -> Group:
        return self._place.group

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
        programs = self.topology.deployables
        return {
            "store": self.topology.store,
            "colocated": self.topology.colocated,
            "database_servers": self.topology.database_servers,
            "databases": len(self.database_urls),
            "deployables": {p.name: {"replicas": p.replicas, "threads": p.threads,
                                     "db_connections": p.db_connections} for p in programs},
            "db_connections": _connections(self.topology),
            "processes": len(self.processes),
        }

    def stop(self) -> None:
        """Stop everything: first who asks, then who answers."""
        self._supervisor.stop()
        order = sorted(self.processes.values(), key=lambda p: _stop_order(p.command.part))
        for rank in range(3):
            parts = [p for p in order if _stop_order(p.command.part) == rank]
            with ThreadPoolExecutor(max(1, len(parts))) as pool:
                list(pool.map(Process.stop, parts))

    def _launch_databases(self) -> list[Server]:
        names = DATABASES[self.topology.store]
        groups = [names] if self.topology.database_servers == "one" else [(n,) for n in names]
        parts = ["postgres"] if len(groups) == 1 else [f"postgres-{n[0]}" for n in groups]

        def one(part: str, databases: tuple[str, ...]) -> Server:
            data = self._place.private / f"{self.topology.name}-{part}"
            self._place.template.copy(data)
            connections = _connections(self.topology) + 4 * len(databases)
            command = server_command(self._place.template, data, part, free_port(), connections,
                                     mark_of(self._place.around))
            return describe_server(self._launch(command), self._place.template, databases)

        with ThreadPoolExecutor(len(groups)) as pool:
            return list(pool.map(one, parts, groups))

    def _seed(self, role_urls: dict[str, str]) -> subprocess.Popen[bytes]:
        data = self._place.data
        module = f"{self.topology.store}.seed"
        environ = base_environ(self._place.around) | database_environ(role_urls)
        log = self._place.logs / f"{self.topology.name}-seed.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, "--seed", str(data.seed), "--products",
                 str(data.products), "--customers", str(data.customers)],
                env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        pin_new(process.pid, self._place.startup_cpus)
        self._place.register(process.pid, signal.SIGTERM)
        return process

    def _await_seed(self, seeding: subprocess.Popen[bytes]) -> None:
        try:
            code = seeding.wait(_SEED_S)
        except subprocess.TimeoutExpired:
            code = -1
        if code:
            log = self._place.logs / f"{self.topology.name}-seed.log"
            raise StartError(f"seeding {self.topology.name} failed (code {code}); {log}:\n"
                             f"{tail(log)}")

    def _launch_programs(self, role_urls: dict[str, str]) -> list[Process]:
        topology = self.topology
        clusters, commands = [], []
        internal = ({} if topology.store == "monolith" or topology.colocated
                    else dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True)))
        peer_urls = {service: f"http://{HOST}:{port}" for service, port in internal.items()}
        for program in topology.deployables:
            ports = free_ports(program.replicas)
            health = "/livez" if program.name == "storefront" else "/readyz"
            clusters.append(envoy.Cluster(program.name, tuple(ports), health))
            commands += [
                store_command(self._place.around, program, replica, port, role_urls, peer_urls)
                for replica, port in enumerate(ports)
            ]
        started = [self._launch(command) for command in commands]
        self._start_proxy(clusters, internal)
        return started

    def _await_programs(self, started: list[Process]) -> None:
        for process in started:
            path = "/livez" if process.command.part == "storefront" else "/readyz"
            url = f"http://{HOST}:{process.command.port}{path}"
            await_true(process, lambda url=url: is_ok(url), _START_S)  # type: ignore[misc]
        edge = self.processes["envoy", 0]
        await_true(edge, lambda: is_ok(f"{self.base_url}/readyz"), _START_S)

    def _start_proxy(self, clusters: list[envoy.Cluster], internal: dict[str, int]) -> None:
        port = free_port()
        only = clusters[0].name
        routes = {domain: only if len(clusters) == 1 else domain for domain in SERVICES}
        config = self._place.private / f"{self.topology.name}-envoy.json"
        proxy = envoy.Proxy(port, tuple(clusters), routes, internal)
        config.write_text(json.dumps(envoy.configuration(proxy), indent=1), encoding="utf-8")
        self._launch(envoy.command(config, port, mark_of(self._place.around)))
        self.base_url = f"http://{HOST}:{port}"

    def _launch(self, command: Command) -> Process:
        place = self._place
        logs = place.logs / self.topology.name
        logs.mkdir(exist_ok=True)
        self._commands[command.part, command.replica] = command
        wrapped = Command(command.part, command.replica, place.group.wrap(command.argv,
                                                                         command.part),
                          command.environ, command.port, command.user, command.stop_signal)

        def put(pid: int) -> None:
            pin_new(pid, self.cpus or place.startup_cpus)
            place.group.place(pid, command.part)

        process = start(wrapped, logs, put, place.register)
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


def _answers(process: Process) -> bool:
    """Say whether a part serves: stores by their /livez, Envoy and PostgreSQL by their port."""
    port = process.command.port
    if process.command.part != "envoy" and not process.command.part.startswith("postgres"):
        return is_ok(f"http://{HOST}:{port}/livez")
    try:
        socket.create_connection((HOST, port), timeout=2).close()
    except OSError:
        return False
    return True


def is_ok(url: str) -> bool:
    """Say whether an address answers 200."""
    try:
        return urllib3.request("GET", url, timeout=2, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _connections(topology: Topology) -> int:
    """Connections that all pools together may open."""
    databases = len(DATABASES[topology.store]) if topology.colocated else 1
    return sum(p.replicas * p.db_connections * databases for p in topology.deployables
               if p.name != "storefront")


def _stop_order(part: str) -> int:
    return 0 if part == "envoy" else 2 if part.startswith("postgres") else 1
