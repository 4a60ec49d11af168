"""Faults that were met in two postures, and what resilience changed in a store.

A store is compared with itself, fault by fault.  Errors of the two postures are independent, so
half-widths add as squares; those of faults are but for the matched run that they share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from reports.estimate import Estimate
from reports.isolation import FaultResult, Loss

POSTURES: Final = ("raw", "resilient")


@dataclass(frozen=True, slots=True)
class Gap:
    """The first share − the second, with its interval; more than all can't be lost."""

    value: float
    low: float
    high: float

    @property
    def turned(self) -> Gap:
        return Gap(-self.value, -self.high, -self.low)


@dataclass(frozen=True, slots=True)
class Change:
    """One fault in one store: what is lost, raw and resilient."""

    raw: FaultResult
    topology: str
    collateral: tuple[Estimate, Estimate] | None
    """None: every feature needs the module."""
    blast: tuple[Estimate, Estimate]


def postures_of(results: Sequence[FaultResult]) -> list[str]:
    """The postures of a run, raw first."""
    found = {result.posture for result in results}
    return [posture for posture in POSTURES if posture in found]


def in_both(results: Sequence[FaultResult]) -> tuple[list[FaultResult], list[FaultResult]]:
    """The same faults in the same order: raw, resilient."""
    by_key = {(result.posture, result.fault.name): result for result in results}
    names = [name for posture, name in by_key if posture == "raw"
             and ("resilient", name) in by_key]
    return [by_key["raw", name] for name in names], [by_key["resilient", name] for name in names]


def changes_of(results: Sequence[FaultResult]) -> list[Change]:
    """Every fault and store whose loss is known in both postures."""
    found = []
    for raw, resilient in zip(*in_both([one for one in results if not one.void]), strict=True):
        for topology, loss in raw.losses.items():
            after = resilient.losses.get(topology)
            wholes = _shares(loss, after, lambda one: one.blast) if after else None
            if after and wholes:
                found.append(Change(raw, topology, _shares(
                    loss, after, lambda one: one.collateral), wholes))
    return found


def gap_of(one: Estimate, other: Estimate) -> Gap | None:
    """Return their difference; None where one has no interval."""
    if not (one.has_interval and other.has_interval):
        return None
    value = one.value - other.value
    half = math.hypot(_half(one), _half(other))
    low, high = (max(-1.0, min(end, 1.0)) for end in (value - half, value + half))
    return Gap(max(-1.0, min(value, 1.0)), low, high)


def collateral_of(valid: Sequence[FaultResult], topology: str) -> Estimate | None:
    """Mean collateral over faults; those that every feature needs have none and don't count.

    Their own errors shrink with the number of faults; that of the matched run, with which all are
    compared, does not.
    """
    losses = [result.losses[topology] for result in valid if result.has_independent]
    known = [loss.collateral for loss in losses if loss.collateral is not None]
    if not known or len(known) < len(losses):
        return None
    value = sum(one.value for one in known) / len(known)
    if not all(one.has_interval for one in known):
        return Estimate(value, None, None, len(known), "share of requests", "mean over faults")
    own = [max(_half(one)**2 - loss.matched_half**2, 0.0)
           for one, loss in zip(known, losses, strict=True)]
    common = sum(loss.matched_half for loss in losses) / len(losses)
    half = math.hypot(math.sqrt(sum(own)) / len(known), common)
    return Estimate(value, value - half, min(value + half, 1.0), len(known), "share of requests",
                    "mean over faults")


def _half(estimate: Estimate) -> float:
    return estimate.value - (estimate.low or 0.0)


def _shares(before: Loss, after: Loss,
            part: Callable[[Loss], Estimate | None]) -> tuple[Estimate, Estimate] | None:
    one, other = part(before), part(after)
    return (one, other) if one and other else None
