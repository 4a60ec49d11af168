"""What part three found of one fault: by feature, by store, and on all stores together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from contract.endpoints import DEPENDS_ON, FEATURES
from contract.run_record import FaultRecord
from reports.confounds.little import PoolLoad
from reports.estimate import Estimate
from reports.impact import Impact
from reports.losses import Counted, Halves, widened
from reports.strips import Strip

_PLACES: Final = 12
"""Of a difference of shares: what is smaller is only how computers add."""


@dataclass(frozen=True, slots=True)
class Availability:
    """One feature on one topology: with the fault, and in the matched run without."""

    topology: str
    feature: str
    depends: bool
    with_fault: Estimate | None
    matched: Estimate | None
    expected: float | None = 0.0
    """Share of the feature's requests that the oracle expects to lose; None: no prediction."""
    applies: bool = True
    of_journeys: tuple[Estimate | None, Estimate | None] = (None, None)
    """Both once more, over the feature's steps of the journeys that arrived in the window."""

    @property
    def is_of_journeys(self) -> bool:
        """Was no request of it due in the window, so that only journeys can tell what it lost?"""
        return not (self.with_fault and self.matched) and all(self.of_journeys)

    @property
    def compared(self) -> tuple[Estimate | None, Estimate | None]:
        """With the fault and without: in its window, or of journeys where none was due there."""
        return self.of_journeys if self.is_of_journeys else (self.with_fault, self.matched)

    @property
    def lost(self) -> float | None:
        """Relative to the matched run; below 0 when the fault's run was luckier."""
        if not self.applies:
            return 0.0
        broken, matched = self.compared
        if not broken or not matched or not matched.value:
            return None
        return 1 - broken.value / matched.value


@dataclass(frozen=True, slots=True)
class Loss:
    """Shares of all scheduled requests lost: measured, and what the dependency graph allows."""

    topology: str
    blast: Estimate | None
    collateral: Estimate | None
    """None as well where every feature needs the module: nothing could be collateral."""
    expected: float | None
    """None: what this fault costs can't be predicted."""
    recover_s: float | None
    """From cleared to the last bad request of any feature; None: one did not come back."""
    times_fired: list[int]
    applies: bool = True
    """False: this store has no such place, so nothing can be lost; not a measurement."""
    impacts: tuple[Impact, ...] = ()
    matched_half: float = 0.0
    """Of the half-width of `collateral`: the error of the matched run, common to all faults."""
    counted: tuple[Counted, ...] = ()
    """What the interval of `collateral` is made of."""
    halves: tuple[Halves, Halves] = (Halves(), Halves())
    """Of `blast` and of `collateral`."""
    of_journeys: tuple[Estimate | None, Estimate | None] = (None, None)
    """Blast radius and collateral over all steps of the journeys that arrived in the window."""
    pools: tuple[PoolLoad, ...] = ()
    """Those that the fault exhausted, over the time for which it was armed."""

    @property
    def excess(self) -> Estimate | None:
        """Measured − predicted: amplification above 0; None without one of the two."""
        return self.excess_among(1)

    def excess_among(self, family: int) -> Estimate | None:
        """The same, its interval as wide as so many that must hold together ask for."""
        expected = self.expected
        if self.blast is None or expected is None:
            return None
        blast = widened(self.blast, self.halves[0], family)
        value, low, high = (None if end is None else round(end - expected, _PLACES)
                            for end in (blast.value, blast.low, blast.high))
        return replace(blast, value=value or 0.0, low=low, high=high)

    def collateral_among(self, family: int) -> Estimate | None:
        """Collateral, its interval as wide as so many that must hold together ask for."""
        return self.collateral and widened(self.collateral, self.halves[1], family)


@dataclass(frozen=True, slots=True)
class FaultResult:
    """One fault on all topologies; `void` says why it can't be compared."""

    fault: FaultRecord
    availability: list[Availability]
    strips: list[Strip]
    losses: dict[str, Loss]
    repeats: int
    void: str | None
    posture: str = "raw"
    is_only_posture: bool = True
    """False: the run met its faults in two postures, so each is named."""
    replicas: int = 1
    """Of every program of both stores, as the trials asked for."""

    @property
    def name(self) -> str:
        """The fault's name, and its posture where that is not plain."""
        return named_in(self.fault.name, self.posture, self.is_only_posture)

    @property
    def is_comparable(self) -> bool:
        """Did it act in every store that was compared?"""
        return not self.void and all(loss.applies for loss in self.losses.values())

    @property
    def has_independent(self) -> bool:
        """Is there a feature that does not need the module?  Without one, nothing is collateral."""
        return any(not depends(feature, self.fault.module) for feature in FEATURES)


def named_in(fault: str, posture: str, is_only_posture: bool) -> str:
    """A fault's name with its posture, unless that is plain."""
    return fault if is_only_posture and posture == "raw" else f"{fault} ({posture})"


def depends(feature: str, module: str) -> bool:
    """Does the contract let this module's failure reach the feature?"""
    if module == "database":
        return True
    return any(module in needs for name, needs in DEPENDS_ON.items() if name == feature)
