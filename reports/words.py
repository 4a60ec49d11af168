"""Numbers as text, the same way everywhere on the page."""

from __future__ import annotations

import math
from typing import Final

from contract.money import CURRENCY

ABSENT: Final = "–"
TOO_FEW: Final = "too few"
MINUS: Final = "−"


def number(value: float | None, digits: int = 3) -> str:
    """Round to significant digits without exponents: 1234.5 becomes 1,230."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    if rounded != 0:  # 9.996 has become 10.0: one decimal fewer
        decimals = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(decimals, 0)}f}".replace("-", MINUS)


def setting(value: float | None) -> str:
    """A number that somebody chose, as it was written: 0.9, 20."""
    return ABSENT if value is None else f"{value:,g}"


def milliseconds(value: float | None) -> str:
    """A time in ms; an infinite one was never reached by a right answer."""
    if value is not None and math.isinf(value):
        return "not reached"
    return number(value)


def in_ms(value: float | None) -> str:
    """A time with its unit: 5.02 ms, or not reached."""
    text = milliseconds(value)
    return text if text in (ABSENT, "not reached") else f"{text} ms"


def percent(value: float | None, decimals: int = 1) -> str:
    """A share as per cent."""
    if value is None or not math.isfinite(value):
        return ABSENT
    text = f"{value * 100:.{decimals}f}"
    sign = text.removeprefix("-") if float(text) == 0 else text.replace("-", MINUS)
    return f"{sign} %"


def money(minor: float | None, unit: str = CURRENCY) -> str:
    """Minor units as an amount, to the cent: 1,234.50 EUR."""
    if minor is None or not math.isfinite(minor):
        return ABSENT
    cents = round(minor)
    text = f"{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
    return f"{MINUS if cents < 0 else ''}{text} {unit}".strip()


def p_text(p: float | None) -> str:
    """A p value for a table; below 0.001 nobody reads digits."""
    if p is None:
        return ABSENT
    return "< 0.001" if p < 0.001 else number(p, 2)


def p_said(p: float | None) -> str:
    """p = 0.031, p < 0.001."""
    text = p_text(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def interval(low: float | None, high: float | None) -> str:
    """[low, high], or nothing when there is no interval."""
    if low is None or high is None:
        return ""
    return f"[{number(low)}, {number(high)}]"


def percent_interval(low: float | None, high: float | None, decimals: int = 1) -> str:
    """[low, high] of shares; stands behind the share, whose per cent sign holds for it too."""
    if low is None or high is None:
        return ""
    first = percent(low, decimals).removesuffix(" %")
    return f"[{first}, {percent(high, decimals).removesuffix(' %')}]"


def times(value: float, low: float | None = None, high: float | None = None) -> str:
    """×1.83 [1.50, 2.20]."""
    return f"×{number(value)} {interval(low, high)}".strip()


def count(n: int, noun: str, plural: str = "") -> str:
    """3 pairs, 1 pair."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def listed(items: list[str]) -> str:
    """A, B and C."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
