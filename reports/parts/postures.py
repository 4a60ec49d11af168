"""What resilience changed: the figure and the table of faults that were met in both postures."""

from __future__ import annotations

from reports.arms import Arms
from reports.document import Block, Drawing
from reports.estimate import Estimate
from reports.figures.postures import draw_postures
from reports.isolation import FaultResult
from reports.postures import Change, changes_of, gap_of
from reports.table import Table
from reports.words import ABSENT, percent, percent_interval


def posture_blocks(results: list[FaultResult], arms: Arms) -> list[Block]:
    """Nothing where no fault was met in both postures."""
    changes = changes_of(results)
    if not (figure := draw_postures([one for one in changes if one.collateral])):
        return []
    return [Drawing(
        "isolation_postures", "Requests lost in the raw and in the resilient posture",
        _said(changes, arms),
        "Share of all scheduled requests lost by features that do not need the broken module "
        "(collateral). Hollow: raw; full: resilient; bar: 95 % interval. The counts are of single "
        "95 % intervals: by chance alone one in twenty would be told apart.",
        ("isolation_postures",), figure), _table(changes)]


def _said(changes: list[Change], arms: Arms) -> str:
    parts = []
    for name in arms.all:
        gaps = [gap_of(*one.collateral) for one in changes
                if one.topology == name and one.collateral]
        if gaps:
            less = sum(gap is not None and gap.low > 0 for gap in gaps)
            more = sum(gap is not None and gap.high < 0 for gap in gaps)
            parts.append(f"{name} lost less under {less} and more under {more} of {len(gaps)}")
    return ("Faults under which resilience was shown to change what is lost by features that "
            f"don't need the broken module: {'; '.join(parts)}.")


def _table(changes: list[Change]) -> Table:
    return Table(
        "isolation_postures", "What resilience changed",
        "Shares of all requests, raw and resilient; kept: raw − resilient in points, with its "
        "95 % interval; below 0 the resilient posture lost more. –: every feature needs the "
        "module, so nothing is collateral.",
        ["fault", "store", "collateral, raw", "resilient", "kept", "of blast radius"],
        [[one.raw.fault.name, one.topology, *_shares(one.collateral), _kept(one.collateral),
          _kept(one.blast)]
         for one in changes],
        ["fault", "topology", "collateral_raw", "collateral_resilient", "collateral_kept",
         "collateral_kept_low", "collateral_kept_high", "blast_raw", "blast_resilient",
         "blast_kept", "blast_kept_low", "blast_kept_high"],
        [[one.raw.fault.name, one.topology, *_values(one.collateral), *_values(one.blast)]
         for one in changes],
        frozenset(range(2, 6)),
    )


def _shares(pair: tuple[Estimate, Estimate] | None) -> list[str]:
    return [percent(one.value) for one in pair] if pair else [ABSENT, ABSENT]


def _kept(pair: tuple[Estimate, Estimate] | None) -> str:
    gap = gap_of(*pair) if pair else None
    return (f"{percent(gap.value).removesuffix(' %')} {percent_interval(gap.low, gap.high)}"
            if gap else ABSENT)


def _values(pair: tuple[Estimate, Estimate] | None) -> list[float | None]:
    if pair is None:
        return [None] * 5
    gap = gap_of(*pair)
    ends = (gap.low, gap.high) if gap else (None, None)
    return [pair[0].value, pair[1].value, pair[0].value - pair[1].value, *ends]
