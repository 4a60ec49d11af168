"""Whether a distance is what was asked for: measured on the very path that services use.

Each of n pairs asks one service for its /livez through the relay, at distance 0 and at the
distance; half the median difference is the distance of one way.  What the relay and the proxy
cost themselves stands on both sides and cancels.  A first request after a pause is slower than a
second: so each service is asked in both orders equally often, and the medians of the two orders
are averaged.
"""

from __future__ import annotations

import http.client
import math
import time
from statistics import median
from typing import Final

from lab.deploy.ports import HOST
from lab.deploy.relay import Relay
from lab.errors import LabError

_TIMEOUT_S: Final = 10.0
_TRIES: Final = 3
_LEAST_TOLERANCE_MS: Final = 0.1
_TOLERANCE: Final = 0.1
_CLOCKS_MS: Final = 0.001
"""How much the two processes may read the same clock differently."""


class DistanceError(LabError):
    """The distance between services is not what was asked for, or can't be set."""


def tolerance_ms(hop_ms: float) -> float:
    """How far a measured distance may be off: 10 %, at least 0.1 ms."""
    return max(_LEAST_TOLERANCE_MS, _TOLERANCE * hop_ms)


def measure(relay: Relay, hop_ms: float, n: int) -> float:
    """Return the distance of one way in ms; the relay keeps `hop_ms` afterwards.

    n is rounded up to a multiple of twice the number of services.  A disturbed measurement is
    repeated with more pairs.  Raises DistanceError when the median stays off, or when any request
    was faster than the distance allows: then it does not act.
    """
    paths = {name: http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_S)
             for name, port in relay.ports.items()}
    try:
        for attempt in range(_TRIES):
            found = _measure(relay, paths, hop_ms, n * (attempt + 1))
            if abs(found - hop_ms) <= tolerance_ms(hop_ms):
                return found
    except (OSError, http.client.HTTPException) as silent:
        raise DistanceError(f"no distance could be measured: {silent!r}") from silent
    finally:
        relay.set_distance(hop_ms)
        for path in paths.values():
            path.close()
    raise DistanceError(f"asked for {hop_ms:g} ms each way between services, measured "
                        f"{found:.3f} ms (allowed: ± {tolerance_ms(hop_ms):.2f} ms)")


def _measure(relay: Relay, paths: dict[str, http.client.HTTPConnection], hop_ms: float,
             n: int) -> float:
    names = list(paths)
    for name in names:
        _round_trip_ms(paths[name])  # opens the connections on the way
    differences: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * len(names) * math.ceil(n / (2 * len(names)))):
        name, far_first = names[number % len(names)], bool(number // len(names) % 2)
        took = {}
        for is_far in (far_first, not far_first):
            relay.set_distance(hop_ms if is_far else 0.0)
            took[is_far] = _round_trip_ms(paths[name])
        if took[True] < 2 * hop_ms - _CLOCKS_MS:
            raise DistanceError(f"{name} answered after {took[True]:.3f} ms, at {hop_ms:g} ms "
                                f"each way: the distance does not act")
        differences[far_first].append(took[True] - took[False])
    return (median(differences[True]) + median(differences[False])) / 4


def _round_trip_ms(path: http.client.HTTPConnection) -> float:
    began = time.perf_counter()
    path.request("GET", "/livez")
    answer = path.getresponse()
    answer.read()
    took_ms = (time.perf_counter() - began) * 1_000
    if answer.status != 200:
        raise DistanceError(f"/livez of port {path.port} answered {answer.status}")
    return took_ms
