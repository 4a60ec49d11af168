"""What the dependency graph predicts, before a row of the broken run is looked at.

A pure function of the declared graph (`contract.endpoints.NEEDS`), the fault as it was meant, where
it acts, and the requests of the matched run without fault.  It knows one mechanism: a request that
needs what is broken is lost when its call is hit, or late by as many round trips as it makes.
Queues, retries, shared processes and shared pools are not in it; what is lost beyond the prediction
is amplification.  The models: docs/isolation.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from contract.endpoints import BY_NAME, NEEDS
from contract.reach import Place, reaches
from contract.run_record import FaultRecord

_ENDS_PROCESSES: Final = frozenset({"crash", "poison"})
ONLY_LATE: Final = frozenset({"slow", "burn", "network_delay"})


class Request(NamedTuple):
    """A request of the matched run; `statements` and `service_calls` are what its answer needed."""

    feature: str
    endpoint: str
    good: bool
    response_ms: float
    statements: int
    service_calls: int


class Away(NamedTuple):
    """What the platform does about a replica that ended."""

    restart_s: float = 1.0
    """How long it is away."""
    unnoticed_s: float = math.inf
    """How long it gets requests all the same, where there is another one."""


def away_by(platform: Mapping[str, Any]) -> Away:
    """Read section `platform`; what is missing is the default of the file.

    A death is noticed when so many probes in a row have failed; it falls between two of them.
    """
    return Away(float(platform.get("restart_delay_s", 1.0)),
                (float(platform.get("unready_after", 2)) - 0.5)
                * float(platform.get("probe_every_s", 1.0)))


def lost_of_hit(fault: FaultRecord, calls_per_s: float, away: Away, replicas: int = 1) -> float:
    """Predicted share lost of the requests that the fault reaches, in its window, by all kinds but
    those that only make late, and leak.

    `calls_per_s`: their rate.
    """
    if fault.kind in _ENDS_PROCESSES:
        unnoticed_s = min(away.unnoticed_s, away.restart_s)
        return _lost_of_crashes(fault.dose, calls_per_s, replicas, unnoticed_s,
                                away.restart_s - unnoticed_s)
    if fault.kind == "replica_kill":
        return min(away.restart_s / fault.for_s, 1.0) / replicas if fault.for_s else 0.0
    if fault.kind == "replica_freeze":
        return 1.0 / replicas
    return fault.dose


def _lost_of_crashes(dose: float, calls_per_s: float, replicas: int, unnoticed_s: float,
                     avoided_s: float) -> float:
    """Share lost while each hit takes its replica away: asked all the same, then avoided.

    A state is how many replicas live and how many are dead and still asked (the others are
    avoided); requests spread evenly over these two.  Solved for its balance.
    """
    if not calls_per_s or unnoticed_s + avoided_s == 0:
        return dose
    states = [(alive, asked) for alive in range(replicas + 1)
              for asked in range(replicas + 1 - alive)
              if (avoided_s or alive + asked == replicas) and (unnoticed_s or not asked)]
    flow = np.zeros((len(states), len(states)))
    lost = np.ones(len(states))
    for at, (alive, asked) in enumerate(states):
        away = replicas - alive - asked
        moves = [((alive - 1, asked + bool(unnoticed_s)),
                  dose * calls_per_s * alive / max(alive + asked, 1)),
                 ((alive + (not avoided_s), asked - 1), asked / (unnoticed_s or 1)),
                 ((alive + 1, asked), away / (avoided_s or 1))]
        for to, rate in moves:
            if rate:
                flow[at, states.index(to)] += rate
                flow[at, at] -= rate
        if alive + asked:
            lost[at] = (asked + alive * dose) / (alive + asked)
    flow[:, 0] = 1.0  # the shares of time sum to 1: takes the place of one balance, which follows
    share = np.linalg.solve(flow.T, np.eye(len(states))[0])
    return float(share @ lost)


def later_ms(fault: FaultRecord, request: Request) -> float:
    """How much later a request is that the fault hits: the delay, as often as it is met.

    A fault point is passed once in a request.  On a way every round trip is late twice, there and
    back: each statement on the way to the databases, one call to the bank.  Calls to a module are
    not recorded apart: those of a request are shared out evenly among the modules it calls.
    """
    if fault.kind != "network_delay":
        return fault.delay_ms
    trips: float = 1
    if fault.module == "database":
        trips = request.statements
    elif fault.module != "bank":
        called = NEEDS[request.endpoint] - {BY_NAME[request.endpoint].domain, "bank"}
        trips = max(1.0, request.service_calls / len(called))
    return 2 * fault.delay_ms * trips


def predict(fault: FaultRecord, place: Place, requests: Sequence[Request], window_s: float,
            slo_ms: float, away: Away) -> dict[str, float] | None:
    """Feature → predicted share of its requests lost; None: nothing can be predicted.

    `requests`: of the matched run, in the same window of `window_s`.
    """
    if fault.kind == "leak" and fault.applies:
        return None
    hit = [one for one in requests
           if fault.applies and reaches(fault.module, fault.kind, one.endpoint, place)]
    if fault.kind in ONLY_LATE:
        late = [one for one in hit if one.good
                and one.response_ms + later_ms(fault, one) > slo_ms]
        return _shares(late, [one for one in requests if one.good], fault.dose)
    lost = lost_of_hit(fault, len(hit) / window_s if window_s else 0.0, away, place.replicas)
    return _shares(hit, requests, lost)


def _shares(some: Sequence[Request], of: Sequence[Request], times: float) -> dict[str, float]:
    own, whole = (Counter(one.feature for one in them) for them in (some, of))
    return {feature: times * own[feature] / n for feature, n in whole.items()}
