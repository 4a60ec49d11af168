"""Several questions to one run: which p of each enters, and Holm's correction of all of them."""

from __future__ import annotations

from collections.abc import Mapping

from reports.estimate import Ratio
from reports.estimate_p import ALPHA, holm, smallest_sign_flip_p


def p_in_family(ratio: Ratio, family: int = 1) -> float | None:
    """The p that enters a family of so many: sign flips where they can reach 0.05 in it.

    Few pairs have few flips: 5 pairs give p ≥ 0.0625 whatever was measured.  There the paired t
    speaks, which leans on the logarithms being normal.
    """
    reaches = smallest_sign_flip_p(ratio.n) * family < ALPHA
    return ratio.p if reaches else ratio.p_t


def adjusted_p(ratios: Mapping[str, Ratio | None]) -> dict[str, float | None]:
    """Holm's p of secondary endpoints by name: all that a report tests beside its primary one."""
    tested = {name: ratio for name, ratio in ratios.items() if ratio and ratio.n > 1}
    found = holm({name: p_in_family(ratio, len(tested)) for name, ratio in tested.items()})
    return {name: found.get(name) for name in ratios}
