"""Less memory than usual for as long as the load runs: what a search for the least of it asks.

The store has been started afresh, so that it holds nothing of earlier loads.  Cut down too far,
it is killed, and comes back, and is killed again: all of that is its answer.  Before the load and
after it there is as much as ever, so that it can be started, restored and audited.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from contract.run_record import TrialRecord
from lab.budget.group import Group
from lab.deploy.stack import Stack
from lab.deploy.supervisor import StackEvent
from lab.incidents import OUTSIDE
from lab.plan.trials import PlannedTrial

_ELSEWHERE: Final = (*OUTSIDE, "relay")
"""Parts that are in no store's budget."""


class Squeezed:
    """What a limit of memory may end (as `lab.incidents.Meant`): every process that it holds, if
    the kernel has killed for it."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._kills = group.oom_kills()

    def why_not(self, at_s: float, event: StackEvent) -> str:
        """Say why an end was not meant; "" if it was."""
        del at_s
        if event.part in _ELSEWHERE:
            return "no limit of memory holds it"
        is_killed = self._group.oom_kills() > self._kills
        return "" if is_killed else "the kernel has killed nobody for want of memory"


@contextlib.contextmanager
def squeezed(stack: Stack, planned: PlannedTrial, record: TrialRecord) -> Iterator[None]:
    """Hold a store to its probe's limit while the block runs; any other trial runs as it is.

    Raises StartError when what was killed does not come back.
    """
    if not planned.lacks_memory or record.probe is None:
        yield
        return
    whole = stack.budget
    stack.set_budget(planned.budget)
    record.probe.is_enforced = stack.has_memory_limit
    try:
        yield
    finally:
        stack.set_budget(whole)
    stack.bring_up()
    stack.await_up(list(stack.processes))  # a database whose backend was killed recovers by itself


def settle(record: TrialRecord, whole_mb: int | None) -> None:
    """A limit that the kernel refuses, or kills for, is not met, however many requests were good.

    One that refuses even `whole_mb`, what the store has anyway, limits nothing and answers
    nothing.  To be called when the trial is over.
    """
    probe = record.probe
    if probe is None or not record.lacks_memory:
        return
    if not probe.is_enforced and probe.value == whole_mb:
        probe.holds = None
    elif probe.holds:
        probe.holds = probe.is_enforced and not record.oom_kills
