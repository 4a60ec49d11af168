"""The pools that faults exhausted: named, with the throughput that their size allows."""

from __future__ import annotations

from reports.document import Block, Note
from reports.isolation import FaultResult
from reports.table import Table
from reports.words import number, percent


def pool_blocks(results: list[FaultResult]) -> list[Block]:
    """A sentence and a table; nothing where no pool was exhausted."""
    found = [(result, loss, load) for result in results if not result.void
             for loss in result.losses.values() for load in loss.pools]
    if not found:
        return []
    named = "; ".join(f"{result.name} on {loss.topology}, pool exhausted: {load.pool}"
                      for result, loss, load in found)
    return [
        Note(f"{named}. There the size of the pool decides how much is lost.", "caveat"),
        Table(
            "isolation_pools", "Pools that faults exhausted",
            "Little's law over the time for which the fault was armed (what the matched run took "
            "outside of it is taken off), in the worst run. Ceiling: size ÷ holding time. "
            "Exhausted: at least 90 % busy and waited for more often than without the fault, "
            "while the processor had time left.",
            ["fault", "store", "pool exhausted", "runs", "size", "held, ms", "taken /s",
             "ceiling /s", "busy"],
            [[result.name, loss.topology, load.pool, f"{load.trials} of {len(loss.times_fired)}",
              str(load.size), number(load.hold_s * 1000), number(load.per_s),
              number(load.ceiling_per_s), percent(load.busy, 0)] for result, loss, load in found],
            ["fault", "posture", "topology", "pool", "runs", "of_runs", "size", "hold_s", "per_s",
             "ceiling_per_s", "busy", "waited", "wait_ms"],
            [[result.fault.name, result.posture, loss.topology, load.pool, load.trials,
              len(loss.times_fired), load.size, load.hold_s, load.per_s, load.ceiling_per_s,
              load.busy, load.waited, load.wait_ms] for result, loss, load in found],
            frozenset(range(3, 9)))]
