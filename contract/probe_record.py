"""One question of a search, as `run.json` keeps it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Variable = Literal["rate", "cpus", "memory"]
"""What is searched: journeys per second, or at a fixed rate cores, or a limit of memory in MiB."""


class ProbeRecord(BaseModel):
    """Does the store meet the objective at this value?"""

    model_config = ConfigDict(extra="forbid")

    search: str
    """Names the search: probes of one search are one ordered story."""
    variable: Variable
    value: float
    step: Literal["ramp", "bisect", "confirm"]
    scheduled: int = 0
    """Requests intended in the measured window."""
    good: int = 0
    is_enforced: bool = True
    """Of a limit of memory: the kernel took it; it may refuse where more is in use."""
    holds: bool | None = None
    """The answer; None: not answered (the trial was rejected)."""
