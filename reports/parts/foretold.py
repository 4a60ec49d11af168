"""What was expected of each fault before the run, and whether this report's oracle agrees."""

from __future__ import annotations

from collections.abc import Sequence

from reports.document import Block, Note
from reports.foretold import Foretold, hit_of_all, lost_of_all
from reports.table import Table
from reports.words import count, listed, percent

_MOST_NAMES = 6


def foretold_blocks(foretold: Sequence[Foretold]) -> list[Block]:
    """The table, and a note where what was written is missing or not what this oracle says."""
    if not foretold:
        return [Note("What faults would cost was not written down before this run: its "
                     "predictions are this report's alone.", "caveat")]
    others = [one for one in foretold if not one.is_same]
    notes: list[Block] = [Note(_differing(others, len(foretold)), "caveat")] if others else []
    return [_table(foretold), *notes]


def _differing(others: Sequence[Foretold], of: int) -> str:
    names = [f"{one.fault} on {one.topology}" for one in others[:_MOST_NAMES]]
    if len(others) > _MOST_NAMES:
        names.append(f"{len(others) - _MOST_NAMES:,} more")
    return (f"{len(others):,} of {count(of, 'expectation')} written down before the run differ "
            f"from what the oracle of this report expects of the same plan ({listed(names)}): "
            "another version made them. Predicted and excess are this report's.")


def _table(foretold: Sequence[Foretold]) -> Table:
    return Table(
        "isolation_expected", "Expected before the run",
        "Written into run.json before the first trial, from the workload, the dependency graph and "
        "the topology: the share of all requests that passes what is broken, and what is lost of "
        "them; –: it follows from a run without fault, which was not measured yet, or is a leak's. "
        "Predicted losses, by that run, stand beside the measured ones.",
        ["fault", "store", "hit", "lost", "features hit"],
        [[one.fault, one.topology, percent(hit_of_all(one.written)),
          percent(lost_of_all(one.written)), _features(one)] for one in foretold],
        ["fault", "topology", "feature", "share", "hit", "lost", "lost_by_this_oracle"],
        [[one.fault, one.topology, feature, loss.share, loss.hit, loss.lost,
          one.now[feature].lost if feature in one.now else None]
         for one in foretold for feature, loss in sorted(one.written.items())],
        frozenset({2, 3}))


def _features(one: Foretold) -> str:
    return ", ".join(f"{feature} {percent(loss.hit, 0)}"
                     for feature, loss in sorted(one.written.items()) if loss.hit) or "none"
