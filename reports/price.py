"""From resources to money: the scenario's price list, every price by the hour but traffic.

Resources are billed as they are used, not as they are reserved
(docs/decisions/0112-billed-by-use.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from contract.run_record import RunRecord

HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Use:
    """What was used over some time: CPU-seconds, GB·seconds, connection-seconds, GB sent to
    visitors (response bodies), GB that crossed between services (requests and answers)."""

    cpu_s: float
    gb_s: float
    connection_s: float
    gb_sent: float
    gb_between: float = 0.0


@dataclass(frozen=True, slots=True)
class PriceList:
    """Money for a core, a gigabyte (10⁹ bytes) of memory and a connection, each for an hour, and
    for a gigabyte sent to visitors or between services."""

    currency: str
    core_hour: float
    gb_hour: float
    connection_hour: float
    gb_sent: float
    gb_between: float = 0.0

    def bill(self, use: Use) -> float:
        """Return the money for what was used."""
        by_time = (use.cpu_s * self.core_hour + use.gb_s * self.gb_hour
                   + use.connection_s * self.connection_hour)
        by_traffic = use.gb_sent * self.gb_sent + use.gb_between * self.gb_between
        return by_time / HOUR_S + by_traffic

    def __str__(self) -> str:
        return (f"{self.core_hour:g} {self.currency} a core-hour, {self.gb_hour:g} a GB-hour, "
                f"{self.connection_hour:g} a connection-hour, {self.gb_sent:g} a GB sent, "
                f"{self.gb_between:g} a GB between services")


def prices_of(record: RunRecord) -> PriceList | None:
    """The run's own price list; None in a run that has none."""
    keys: dict[str, Any] | None = record.scenario_resolved.get("prices")
    if not keys:
        return None
    core, memory, connection, sent = (float(keys[name]) for name in (
        "core_hour", "gb_hour", "connection_hour", "gb_sent"))
    return PriceList(str(keys["currency"]), core, memory, connection, sent,
                     float(keys.get("gb_between", 0.0)))  # older runs had no such price
