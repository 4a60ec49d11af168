"""What the bank is told at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT_LATENCY_MS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Settings:
    """`latency_ms`: how long every charge and void takes; `slow_s`: what `tok_slow` adds."""

    latency_ms: float = DEFAULT_LATENCY_MS
    slow_s: float = 2.0
    journal: Path | None = None


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the process's environment."""
    source = os.environ if environ is None else environ
    journal = source.get("TWINSTORE_BANK_JOURNAL")
    return Settings(
        latency_ms=float(source.get("TWINSTORE_BANK_LATENCY_MS", DEFAULT_LATENCY_MS)),
        journal=Path(journal) if journal else None,
    )
