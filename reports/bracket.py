"""When a value counts as failed in a search: one rule for who asks and for who reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def by_value(probes: Iterable[tuple[float, str, bool]]) -> dict[float, list[tuple[str, bool]]]:
    """Gather (value, step, held) by value, in the order in which values were first asked."""
    asked: dict[float, list[tuple[str, bool]]] = {}
    for value, step, held in probes:
        asked.setdefault(value, []).append((step, held))
    return asked


def has_failed(asked: Sequence[tuple[str, bool]]) -> bool:
    """Did the store fail at a value?  `asked`: (step, held) of every probe at it.

    A long window decides.  Short ones do not by one failure: a pause of the machine looks like
    one, so that whichever held counts.
    """
    if any(step == "confirm" and not held for step, held in asked):
        return True
    return bool(asked) and not any(held for _, held in asked)


def is_sure(asked: Sequence[tuple[str, bool]]) -> bool:
    """Was a failure seen in a long window, or twice?"""
    failures = [step for step, held in asked if not held]
    return "confirm" in failures or len(failures) > 1
