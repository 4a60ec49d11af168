"""The shared page: what is armed, as the lab writes it and fault points read it."""

from __future__ import annotations

import json
import mmap
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

PAGE_BYTES: Final = 4096

PointKind = Literal["crash", "hang", "slow", "error", "burn", "leak", "poison", "pool"]
"""What a fault point can do; docs/faults.md has them all."""


@dataclass(frozen=True, slots=True)
class Armed:
    """One armed fault.

    `dose`: share of calls that it hits, 0 to 1 (poison: share of contents).
    `delay_ms`: how long slow waits, how much CPU time burn takes, for each call hit.
    `leak_mb`, `most_mb`: what leak keeps for each call hit, and what a process keeps at most.
    `connections`: how many pool keeps for each call hit.
    `number`: counts what was armed, so that the same fault armed again is another one.
    `before`: chances that were counted before it was armed.
    """

    module: str
    kind: PointKind
    dose: float = 1.0
    delay_ms: float = 0.0
    seed: int = 0
    leak_mb: float = 0.0
    most_mb: float = 1024.0
    number: int = 0
    before: int = 0
    connections: int = 1


class Board:
    """The page.  Only the lab's is writable."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        with path.open("r+b" if writable else "rb") as file:
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            self.page = mmap.mmap(file.fileno(), PAGE_BYTES, access=access)
            """Its first byte says whether anything is armed."""

    @classmethod
    def create(cls, path: Path) -> Board:
        """Make the file with nothing armed."""
        path.write_bytes(bytes(PAGE_BYTES))
        return cls(path, writable=True)

    def arm(self, fault: Armed) -> None:
        """Publish a fault: document first, then the byte that makes it seen."""
        document = json.dumps(asdict(fault)).encode()
        self.page[0] = 0
        self.page[1:3] = len(document).to_bytes(2, "little")
        self.page[3 : 3 + len(document)] = document
        self.page[0] = 1

    def clear(self) -> None:
        """Disarm.  Calls that hang come back, and what was kept is given back, within 20 ms."""
        self.page[0] = 0

    @property
    def is_armed(self) -> bool:
        return self.page[0] != 0

    def read(self) -> Armed | None:
        """Return the armed fault, or None."""
        if not self.page[0]:
            return None
        size = int.from_bytes(self.page[1:3], "little")
        try:
            return Armed(**json.loads(self.page[3 : 3 + size]))
        except ValueError:  # a new fault was being written at this instant
            return None

    def close(self) -> None:
        self.page.close()
