"""Faults of the network: a relay on the way to a part cuts it, drops all, or delays."""

from __future__ import annotations

import socket
import time
from typing import Final

from lab.deploy.ports import HOST
from lab.deploy.relay import Relay
from lab.faults.site import FaultError, Site
from lab.scenario import FaultKeys

_SILENCE_S: Final = 0.25
_ASKED: Final = b"GET /livez HTTP/1.0\r\n\r\n"
"""PostgreSQL closes on it, the others answer: only a way that is broken says nothing."""


class LinkBroken:
    """The way to a module's service, to the bank, or to the database servers."""

    def __init__(self, site: Site, keys: FaultKeys) -> None:
        self.fired = 0
        self._kind, self._delay_ms = keys.kind, keys.delay_ms
        self._resting_ms = 0.0 if keys.module in ("bank", "database") else site.stack.hop_ms
        self._relay, self._links = _way_to(site, keys.module)
        self.chances = len(self._links)

    def arm(self) -> float:
        """Break the way, and look whether it is broken.  Raises RelayError."""
        for link in self._links:
            if self._kind == "network_delay":
                self._relay.set_distance(self._delay_ms, link)
            elif self._kind == "network_cut":
                self._relay.cut(link)
            else:
                self._relay.hang(link)
        began_s = time.perf_counter()
        if self._kind == "network_delay":
            self._relay.read()  # lateness, and with it what was delayed, is counted from here
        else:
            self.fired = sum(self._is_broken(self._relay.ports[link]) for link in self._links)
        return began_s

    def clear(self) -> float:
        """Put the way back.  A delay has acted on as many pieces as left late."""
        if self._kind == "network_delay":
            self.fired = self.chances = sum(count for _, count in self._relay.read().late)
        for link in self._links:
            if self._kind == "network_delay":
                self._relay.set_distance(self._resting_ms, link)
            else:
                self._relay.restore(link)
        return time.perf_counter()

    def settle(self) -> None:
        """Nothing was broken but the way."""

    def _is_broken(self, port: int) -> bool:
        try:
            with socket.create_connection((HOST, port), timeout=_SILENCE_S) as way:
                way.settimeout(_SILENCE_S)
                way.sendall(_ASKED)
                way.recv(1)
        except ConnectionRefusedError:
            return self._kind == "network_cut"
        except TimeoutError:
            return self._kind == "network_drop"
        except OSError:
            return False
        return False


def has_link(site: Site, module: str) -> bool:
    """Say whether a store has a way over the network to a module at all."""
    return module in ("bank", "database") or site.stack.topology.has_calls


def _way_to(site: Site, module: str) -> tuple[Relay, list[str]]:
    stack = site.stack
    relay = stack.outer if module in ("bank", "database") else stack.relay
    if relay is None:
        raise FaultError(f"{stack.topology.name} was started without a relay on the way to "
                         f"{module}: its topology must be breakable")
    links = [name for name in relay.ports if name.split("-", maxsplit=1)[0] == module]
    return relay, links
