"""What a fault is expected to cost, written down before the first trial of a run."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ExpectedLoss(BaseModel):
    """What a fault is expected to do to one feature, by the plan alone."""

    model_config = ConfigDict(extra="forbid")

    share: float
    """The feature's share of the scheduled requests."""
    hit: float
    """Share of the feature's requests that pass what is broken."""
    lost: float | None
    """Share of the feature's requests lost; None: no run without fault is measured yet, and it
    follows from that."""
