"""How a stack comes up: databases, seed, programs and proxy, as much as possible at once."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import urllib3

from contract.posture import POSTURES
from lab.budget.group import Group, pin_new
from lab.deploy import envoy
from lab.deploy.admin import admin_socket
from lab.deploy.ports import HOST, free_port, free_ports
from lab.deploy.postgres import PostgresTemplate, Server, accepts, describe_server, server_command
from lab.deploy.processes import Command, Process, Register, StartError, await_true, tail
from lab.deploy.programs import (
    Surroundings,
    base_environ,
    database_environ,
    mark_of,
    store_command,
)
from lab.deploy.relay import Relay
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import DATABASES, SERVICES, Topology

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
    relay_cpus: list[int]
    """The cores of what is no part of the store."""


@dataclass(frozen=True, slots=True)
class Launched:
    """What was started: the replicas, the edge's address, and the relays where there are any."""

    programs: list[Process]
    base_url: str
    relay: Relay | None
    outer: Relay | None
    """In front of the bank and of each database server."""


@dataclass(frozen=True, slots=True)
class Startup:
    """The steps of starting a topology; `launch` starts a command inside the stack."""

    topology: Topology
    place: Place
    launch: Callable[[Command], Process]

    def launch_databases(self) -> list[Server]:
        """Start one server, or one for each database; their addresses are known at once."""
        names = DATABASES[self.topology.store]
        groups = [names] if self.topology.database_servers == "one" else [(n,) for n in names]
        parts = ["postgres"] if len(groups) == 1 else [f"postgres-{n[0]}" for n in groups]
        template = self.place.template

        def one(part: str, databases: tuple[str, ...]) -> Server:
            data = self.place.private / f"{self.topology.name}-{part}"
            template.copy(data)
            connections = connections_of(self.topology) + 4 * len(databases)
            command = server_command(template, data, part, free_port(), connections,
                                     mark_of(self.place.around))
            return describe_server(self.launch(command), template, databases)

        with ThreadPoolExecutor(len(groups)) as pool:
            return list(pool.map(one, parts, groups))

    def launch_programs(self, role_urls: dict[str, str]) -> Launched:
        """Start the relay if one is wanted, every replica and the proxy."""
        clusters, commands = [], []
        internal = (dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
                    if self.topology.has_calls else {})
        is_relayed = self.topology.relayed or self.topology.breakable
        relay = Relay(internal) if is_relayed and internal else None
        posture = POSTURES[self.topology.posture]
        outer, around, role_urls = self._launch_outer(role_urls)
        around = replace(around, posture=posture)
        peer_urls = {service: f"http://{HOST}:{port}"
                     for service, port in (relay.ports if relay else internal).items()}
        for program in self.topology.deployables:
            ports = free_ports(program.replicas)
            clusters.append(envoy.Cluster(program.name, tuple(ports), _health_path(program.name)))
            commands += [
                store_command(around, program, replica, port, role_urls, peer_urls)
                for replica, port in enumerate(ports)
            ]
        if relay:
            self._start_relay(relay, "relay")
        started = [self.launch(command) for command in commands]
        return Launched(started, self._launch_proxy(clusters, internal), relay, outer)

    def seed(self, role_urls: dict[str, str]) -> None:
        """Make and fill the tables by the store's own program.  Raises StartError."""
        data = self.place.data
        log = self.place.logs / "seed.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", f"{self.topology.store}.seed", "--seed", str(data.seed),
                 "--products", str(data.products), "--customers", str(data.customers),
                 "--scarce", str(data.scarce)],
                env=base_environ(self.place.around) | database_environ(role_urls),
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        pin_new(process.pid, self.place.startup_cpus)
        self.place.register(process.pid, signal.SIGTERM)
        try:
            code = process.wait(_SEED_S)
        except subprocess.TimeoutExpired:
            code = -1
        if code:
            raise StartError(f"seeding {self.topology.name} failed (code {code}); {log}:\n"
                             f"{tail(log)}")

    def await_programs(self, started: list[Process], base_url: str,
                       everyone: Callable[[], list[Process]]) -> None:
        """Wait until every replica, and the store as a whole, says that it is ready.

        Raises StartError, at once when any of `everyone` ends: proxy and databases included.
        """
        for process in started:
            path = _health_path(process.command.part)
            url = f"http://{HOST}:{process.command.port}{path}"
            await_true(process, lambda url=url: is_ok(url), _START_S, everyone)  # type: ignore[misc]
        await_true(started[-1], lambda: is_ok(f"{base_url}/readyz"), _START_S, everyone)

    def _launch_outer(self, role_urls: dict[str, str],
                      ) -> tuple[Relay | None, Surroundings, dict[str, str]]:
        """Put a relay before bank and databases, if one is wanted; return where they are then."""
        around = self.place.around
        if not self.topology.breakable:
            return None, around, role_urls
        ports = sorted({port_of(url) for url in role_urls.values()})
        databases = {"database" if len(ports) == 1 else f"database-{name}": port_of(url)
                     for name, url in role_urls.items()}
        outer = Relay({"bank": port_of(around.bank_url), **databases})
        self._start_relay(outer, "outer-relay")
        moved = {target: outer.ports[name] for name, target in outer.targets.items()}
        return (outer, replace(around, bank_url=_moved(around.bank_url, moved)),
                {name: _moved(url, moved) for name, url in role_urls.items()})

    def _start_relay(self, relay: Relay, name: str) -> None:
        place = self.place
        relay.start(base_environ(place.around), place.logs / f"{name}.log", place.register,
                    place.relay_cpus)

    def _launch_proxy(self, clusters: list[envoy.Cluster], internal: dict[str, int]) -> str:
        port = free_port()
        only = clusters[0].name
        routes = {domain: only if len(clusters) == 1 else domain for domain in SERVICES}
        config = self.place.private / f"{self.topology.name}-envoy.json"
        proxy = envoy.Proxy(port, tuple(clusters), routes, internal,
                            POSTURES[self.topology.posture], self.place.platform,
                            admin_socket(self.place.private))
        config.write_text(json.dumps(envoy.configuration(proxy), indent=1), encoding="utf-8")
        self.launch(envoy.command(config, port, mark_of(self.place.around)))
        return f"http://{HOST}:{port}"


def _health_path(program: str) -> str:
    """The storefront asks the others; whether it can serve is its own life."""
    return "/livez" if program == "storefront" else "/readyz"


def port_of(url: str) -> int:
    """Return the port of an address."""
    port = urlsplit(url).port
    assert port, f"{url} has no port"
    return port


def _moved(url: str, ports: dict[int, int]) -> str:
    """Return an address with another port."""
    return url.replace(f"{HOST}:{port_of(url)}", f"{HOST}:{ports[port_of(url)]}", 1)


def is_ok(url: str) -> bool:
    """Say whether an address answers 200."""
    try:
        return urllib3.request("GET", url, timeout=2, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def answers(process: Process, databases: Iterable[str]) -> bool:
    """Say whether a part serves: stores by their /livez, Envoy by its port, PostgreSQL by a
    connection to each of the `databases` (addresses) that are its own."""
    port = process.command.port
    if process.command.part.startswith("postgres"):
        return all(accepts(url) for url in databases if port_of(url) == port)
    if process.command.part != "envoy":
        return is_ok(f"http://{HOST}:{port}/livez")
    try:
        socket.create_connection((HOST, port), timeout=2).close()
    except OSError:
        return False
    return True


def connections_of(topology: Topology) -> int:
    """Connections that all pools together may open."""
    databases = len(DATABASES[topology.store]) if topology.colocated else 1
    return sum(p.replicas * p.db_connections * databases for p in topology.deployables
               if p.name != "storefront")
