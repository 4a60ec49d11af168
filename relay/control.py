"""The words that a running relay obeys: one a line, each answered with one line.

    distance MS [LINK]   put so many milliseconds on each way
    cut [LINK]           reset connections and refuse new ones
    hang [LINK]          let nothing through, say nothing
    restore [LINK]       undo `cut` and `hang`; the distance stays
    read                 answer with counters as JSON; lateness is counted anew from then on

Without LINK a word is for all of them.  The answer is `ok`, JSON, or `error: ` and the reason.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from relay.link import LATE_MS, Link
from relay.loop import READ, Loop

GREATEST_MS: Final = 60_000.0


class Control:
    """Reads words from a file, answers through `say`; the relay ends with the file."""

    def __init__(self, loop: Loop, links: Mapping[str, Link], say: Callable[[str], None]) -> None:
        self._loop = loop
        self._links = links
        self._say = say
        self._rest = b""

    def listen(self, file: int) -> None:
        """Obey what comes through this descriptor, a pipe or a terminal."""
        self._file = file
        self._loop.watch(file, READ, self._hear)

    def obey(self, line: str) -> str:
        """Do what a line says; return the answer."""
        word, *rest = line.split() or [""]
        try:
            if word == "distance" and rest:
                distance_s = _seconds(rest[0])
                for link in self._chosen(rest[1:]):
                    link.distance_s = distance_s
            elif word in ("cut", "hang", "restore"):
                for link in self._chosen(rest):
                    {"cut": link.cut, "hang": link.hang, "restore": link.restore}[word]()
            elif word == "read" and not rest:
                return self._counters()
            else:
                return f"error: {line.strip()!r} is none of: {_WORDS}"
        except (ValueError, OSError) as wrong:
            return f"error: {wrong}"
        return "ok"

    def _hear(self, events: int) -> None:
        del events
        data = os.read(self._file, 65_536)
        if not data:
            self._loop.stop()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._say(self.obey(line.decode(errors="replace")))

    def _chosen(self, names: Sequence[str]) -> list[Link]:
        for name in names:
            if name not in self._links:
                raise ValueError(f"no link {name!r}; there are: {', '.join(self._links)}")
        return [self._links[name] for name in names or self._links]

    def _counters(self) -> str:
        late = [sum(counts) for counts in zip(*(link.late for link in self._links.values()),
                                              strict=True)]
        for link in self._links.values():
            link.late = [0] * len(link.late)
        return json.dumps({
            "links": {link.name: {"accepted": link.accepted, "connections": link.connections,
                                  "delivered_bytes": link.delivered,
                                  "distance_ms": link.distance_s * 1_000}
                      for link in self._links.values()},
            "late": [[bound, count] for bound, count in zip([*LATE_MS, None], late, strict=True)],
        })


_WORDS: Final = "distance MS [LINK], cut [LINK], hang [LINK], restore [LINK], read"


def _seconds(word: str) -> float:
    try:
        milliseconds = float(word)
    except ValueError:
        milliseconds = math.nan
    if not 0 <= milliseconds <= GREATEST_MS:
        raise ValueError(f"a distance is 0 to {GREATEST_MS:.0f} ms, not {word!r}")
    return milliseconds / 1_000
