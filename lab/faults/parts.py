"""Faults of whole processes: a replica, the database servers, the bank."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from typing import Final

import psutil

from lab.budget.group import family
from lab.deploy.startup import port_of
from lab.deploy.supervisor import Key
from lab.faults.site import FaultError, Site

_ACTS_S: Final = 2.0
_SHUTDOWN_S: Final = 5.0


class ReplicaKilled:
    """One replica of the program that runs a module ends at once; the platform restarts it."""

    def __init__(self, site: Site, module: str) -> None:
        self.fired, self.chances = 0, 1
        self._stack = site.stack
        self._key = chosen(site, module)

    def arm(self) -> float:
        """Kill the process and its children."""
        began_s = time.perf_counter()
        process = self._stack.processes[self._key]
        for member in family(process.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.popen.wait(_ACTS_S)
            self.fired = 1
        return began_s

    def clear(self) -> float:
        """Nothing is left to be cleared."""
        return time.perf_counter()

    def settle(self) -> None:
        """Wait for the restart."""
        self._stack.await_up([self._key])


class ReplicaFrozen:
    """One replica of the program that runs a module stands still, its sockets open."""

    def __init__(self, site: Site, module: str) -> None:
        self.fired, self.chances = 0, 1
        self._stack = site.stack
        self._key = chosen(site, module)
        self._family: list[psutil.Process] = []

    def arm(self) -> float:
        """Stop the process and its children where they are."""
        began_s = time.perf_counter()
        self._family = family(self._stack.processes[self._key].pid)
        for member in self._family:
            member.suspend()
        until = time.monotonic() + _ACTS_S
        while not self.fired and time.monotonic() < until:
            self.fired = int(bool(self._family) and all(
                member.status() == psutil.STATUS_STOPPED for member in self._family))
            time.sleep(0.005)
        return began_s

    def clear(self) -> float:
        """Let them go on."""
        for member in self._family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.resume()
        return time.perf_counter()

    def settle(self) -> None:
        """Wait until it answers again."""
        self._stack.await_up([self._key])


class DatabaseDown:
    """The servers that hold a module's tables (`database`: all) end at once and stay down."""

    def __init__(self, site: Site, module: str) -> None:
        self.fired = 0
        self._stack = site.stack
        self._keys = servers_of(site, module)
        self.chances = len(self._keys)

    def arm(self) -> float:
        """Shut down immediately: sessions are cut off, nothing is written; then recovery."""
        began_s = time.perf_counter()
        self._stack.keep_down(self._keys)
        processes = [self._stack.processes[key] for key in self._keys]
        for process in processes:
            process.popen.send_signal(signal.SIGQUIT)
        for process in processes:
            try:
                process.popen.wait(_SHUTDOWN_S)
            except subprocess.TimeoutExpired:
                raise FaultError(f"{process.command.part} did not shut down") from None
            self.fired += 1
        return began_s

    def clear(self) -> float:
        """The platform may start them again."""
        self._stack.let_up(self._keys)
        return time.perf_counter()

    def settle(self) -> None:
        """Wait until they are back."""
        self._stack.await_up(self._keys)


class BankDown:
    """The bank is gone: who asks is refused.  Started again, it has its books."""

    def __init__(self, site: Site) -> None:
        self.fired, self.chances = 0, 1
        self._deployment = site.deployment

    def arm(self) -> float:
        """Kill it.  Raises FaultError when it had ended before: nothing was there to be broken."""
        if not self._deployment.bank.process.is_alive:
            raise FaultError("the bank had ended by itself")
        self._deployment.stop_bank()
        self.fired = 1
        return time.perf_counter()

    def clear(self) -> float:
        """Start it again; it answers afterwards."""
        if self.fired:
            self._deployment.start_bank()
        return time.perf_counter()

    def settle(self) -> None:
        """It is back."""


def chosen(site: Site, module: str) -> Key:
    """Choose one replica by the trial's seed.  Raises FaultError when there is none."""
    keys = site.replicas_of(module)
    if not keys:
        raise FaultError(f"{site.stack.topology.name} has no program that runs {module}")
    return keys[site.seed % len(keys)]


def servers_of(site: Site, module: str) -> list[Key]:
    """List the database servers that hold a module's tables (`database`: all)."""
    return [key for key, process in site.stack.processes.items()
            if key[0].startswith("postgres") and (
                module == "database"
                or process.command.port == port_of(site.database_url(module)))]
