"""What the dependency graph predicts, before a row of the broken run is looked at.

A pure function of the declared graph (`contract.endpoints.NEEDS`), the fault as it was meant, and
the mix of the matched run without fault.  It knows one mechanism: a request that needs the broken
module is lost when its call is hit.  Queues, retries, shared processes and shared pools are not in
it; what is lost beyond the prediction is amplification.  The models: docs/isolation.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contract.endpoints import NEEDS
from contract.run_record import FaultRecord

_ENDS_PROCESSES: Final = frozenset({"crash", "poison"})
_WAYS: Final = {"network_delay": 2}
"""How often the delay is met in one call: there and back."""
_ONLY_LATE: Final = frozenset({"slow", "burn", "network_delay"})


def needs(endpoint: str, module: str) -> bool:
    """Does the contract let this module's failure reach the endpoint?"""
    if module == "database":
        return endpoint in NEEDS
    return module in NEEDS.get(endpoint, frozenset())


def lost_of_hit(fault: FaultRecord, calls_per_s: float, slo_ms: float, restart_s: float,
                replicas: int = 1) -> float:
    """Predicted share lost of the requests that need the module, in the fault's window.

    `calls_per_s`: their rate in the matched run; `restart_s`: how long an ended process is away.
    """
    if not fault.applies or fault.kind == "leak":
        return 0.0
    if fault.kind in _ONLY_LATE:
        delay_ms = fault.delay_ms * _WAYS.get(fault.kind, 1)
        return fault.dose if delay_ms > slo_ms else 0.0
    if fault.kind in _ENDS_PROCESSES:
        away = fault.dose * calls_per_s * restart_s / replicas
        return 1 - (1 - fault.dose) / (1 + away)
    if fault.kind == "replica_kill":
        return min(restart_s / fault.for_s, 1.0) / replicas if fault.for_s else 0.0
    if fault.kind == "replica_freeze":
        return 1.0 / replicas
    return fault.dose


def predict(fault: FaultRecord, mix: Mapping[tuple[str, str], int], window_s: float,
            slo_ms: float, restart_s: float, replicas: int = 1) -> dict[str, float]:
    """Feature → predicted share of its requests lost.

    `mix`: (feature, endpoint) → requests of the matched run in the same window of `window_s`.
    """
    hit = sum(n for (_, endpoint), n in mix.items() if needs(endpoint, fault.module))
    lost = lost_of_hit(fault, hit / window_s if window_s else 0.0, slo_ms, restart_s, replicas)
    predicted: dict[str, float] = {}
    for feature in {feature for feature, _ in mix}:
        own = {endpoint: n for (name, endpoint), n in mix.items() if name == feature}
        needing = sum(n for endpoint, n in own.items() if needs(endpoint, fault.module))
        predicted[feature] = lost * needing / sum(own.values()) if needing else 0.0
    return predicted
