"""A port that is taken before its part binds it, and a part that dies while it starts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.deploy import bank, ports, programs, relay, startup
from lab.deploy.deployment import Deployment
from lab.deploy.ports import HOST, free_port, free_ports
from lab.deploy.processes import PortTakenError, StartError, kill_group
from lab.deploy.stack import Stack
from lab.scenario import DataKeys
from lab.topology import Deployable, Topology
from lab.verify import smoke

MONOLITH = Topology("monolith", "monolith", (Deployable("monolith", 1, 4, 8),))
BREAKABLE = Topology("monolith", "monolith", (Deployable("monolith", 1, 4, 8),), breakable=True)
DATA = DataKeys(products=60, customers=10)
TAKEN = {
    # part: where its port is chosen, by the n-th call of which function, in which topology
    "PostgreSQL": (startup, "free_port", 1, MONOLITH),
    "the store": (startup, "free_ports", 1, MONOLITH),
    "the store's metrics": (programs, "free_port", 1, MONOLITH),
    "the proxy": (startup, "free_port", 2, MONOLITH),
    "a relay": (relay, "free_ports", 1, BREAKABLE),
}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("run"), None, DATA) as made:
        yield made


@pytest.fixture
def squatter() -> Iterator[socket.socket]:
    """Somebody who listens at a port, takes connections and never answers."""
    with socket.create_server((HOST, free_port())) as held:
        yield held


class Chooser:
    """Gives the squatter's port away at one call, as if it had been free a moment ago."""

    def __init__(self, squatter: socket.socket, nth: int) -> None:
        self.taken = squatter.getsockname()[1]
        self.calls_left = nth
        self._lock = threading.Lock()

    def free_port(self) -> int:
        return self.free_ports(1)[0]

    def free_ports(self, count: int) -> list[int]:
        with self._lock:
            self.calls_left -= 1
        given = ports.free_ports(count)
        return [self.taken, *given[1:]] if self.calls_left == 0 else given


@pytest.mark.parametrize("part", TAKEN)
def test_a_store_starts_although_a_port_is_taken(
        part: str, deployment: Deployment, squatter: socket.socket,
        monkeypatch: pytest.MonkeyPatch) -> None:
    where, function, nth, topology = TAKEN[part]
    chooser = Chooser(squatter, nth)
    monkeypatch.setattr(where, function, getattr(chooser, function))
    stack = deployment.start(topology)
    assert chooser.calls_left < 0, "it was not tried again"
    assert smoke(stack.base_url) == []
    assert len(deployment.stacks) == 1
    deployment.stop(stack)


def test_the_bank_starts_although_its_port_is_taken(
        squatter: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chooser = Chooser(squatter, 1)
    monkeypatch.setattr(bank, "free_port", chooser.free_port)
    with Deployment(tmp_path, None, DATA) as made:
        assert chooser.calls_left < 0
        assert made.bank_url != f"http://{HOST}:{chooser.taken}"
        assert made.bank_ledger() == []
        assert made.environ  # what stores are told is known by then


def test_where_every_port_is_taken_the_message_names_part_and_log(
        deployment: Deployment, squatter: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = squatter.getsockname()[1]
    monkeypatch.setattr(startup, "free_ports",
                        lambda count: [taken, *free_ports(count)][:count])
    with pytest.raises(PortTakenError, match=rf"monolith \(replica 0\) ended with code 1 while "
                                             rf"starting: its port {taken} is taken; "
                                             rf".*monolith-0\.log"):
        deployment.start(MONOLITH)
    deployment.stop(deployment.stacks[-1])


@pytest.mark.parametrize("part", ["envoy", "postgres", "monolith"])
def test_a_part_that_dies_while_the_store_starts_is_named_at_once(
        part: str, deployment: Deployment) -> None:
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(0.005):
            stack: Stack | None = deployment.stacks[-1] if deployment.stacks else None
            if stack and (part, 0) in stack.processes:
                kill_group(stack.processes[part, 0].pid)
                return

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(StartError, match=rf"{part} \(replica 0\) ended with code -9 while "
                                             rf"starting; .*{part}-0\.log"):
            deployment.start(MONOLITH)
    finally:
        ended.set()
        killer.join()
        deployment.stop(deployment.stacks[-1])
