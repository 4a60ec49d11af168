"""Which series ended early, after how many pairs, and what that does to their intervals."""

from __future__ import annotations

from reports.document import Note
from reports.latency import Latency
from reports.stopping import HELD_WHEN_STOPPED, Ending
from reports.words import count, listed, percent, setting


def stop_notes(series: list[Latency]) -> list[Note]:
    """One sentence on series that their width ended, one on those that time ended."""
    ended = [one.ending for one in series if one.ending]
    narrow = [f"{_after(one)} (asked for: {_widths(one)})" for one in ended if one.by == "width"]
    late = [_after(one) for one in ended if one.by == "time"]
    notes = []
    if narrow:
        notes.append(Note(
            f"Stopped on the width of intervals: {'; '.join(narrow)}. Such a series ends sooner "
            "when its spread happens to look small, so its intervals are a little too narrow: "
            "simulated under the shipped rules, 95 % intervals held the truth in at least "
            f"{percent(HELD_WHEN_STOPPED, 0)} of comparisons (docs/method.md).", "caveat"))
    if late:
        notes.append(Note(f"Ended by time, which looks at no result: {'; '.join(late)}."))
    return notes


def _after(one: Ending) -> str:
    kind = "A/A" if one.rule.base == one.rule.rival else "of two stores"
    return (f"{one.series} after {one.made:,} of {count(one.planned, 'planned pair')}, "
            f"{one.compared:,} of them {kind}")


def _widths(one: Ending) -> str:
    return listed([f"{name} ± {setting(width * 100)} %" for name, width in one.rule.widths.items()])
