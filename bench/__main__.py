"""`python -m bench`: what the instrument and the stores are held to, measured.

    python -m bench                    the quick ones, one after the other
    python -m bench NAME [options]     one of them; `python -m bench NAME --help` has its options
    python -m bench --list             all of them, with how long each takes
    python -m bench --all              the long ones as well
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from bench.ratio import MISSED


@dataclass(frozen=True, slots=True)
class Bench:
    """A module of this package that can be run; `takes_s`: about how long, on two cores."""

    name: str
    takes_s: int
    question: str
    is_quick: bool = True


BENCHES: Final = (
    Bench("product_read", 80, "is a store as fast as its bare framework?"),
    Bench("recorder", 60, "what does our load generator cost beside Locust's own user?"),
    Bench("startup", 45, "how long does each topology take to its first good answer?"),
    Bench("truth", 145, "are the generator's percentiles true, against a server of known times?"),
    Bench("freeze", 90, "does a freeze of two seconds show, beside what default Locust says?"),
    Bench("fault_points", 110, "what do fault points cost while no fault is armed?"),
    Bench("report_speed", 60, "how long, and in how much memory, is 1,000,000 rows reported?"),
    Bench("noise_floor", 900, "how small a difference could the lab show here? One store twice",
          is_quick=False),
    Bench("capacity_spread", 900, "does a capacity search give the same answer five times?",
          is_quick=False),
    Bench("soak", 7200, "is anything lost, under every fault, in both stores and both postures?",
          is_quick=False),
    Bench("planted", 100, "how often are planted effects found, and nothing called something?",
          is_quick=False),
)


def main(given: list[str]) -> int:
    """Run what was asked for; return 1 when one failed to run (a missed target is a result)."""
    if given in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if given == ["--list"]:
        _list()
        return 0
    if not given or given == ["--all"]:
        return _run_all([bench for bench in BENCHES if bench.is_quick or given])
    known = [bench.name for bench in BENCHES]
    name = given[0].removeprefix("bench.").replace("-", "_")
    if name not in known:
        close = get_close_matches(name, known, n=1)
        print(f"There is no bench {given[0]!r}. "
              f"{f'Did you mean {close[0]}? ' if close else ''}Known: {', '.join(known)}.",
              file=sys.stderr)
        return 2
    return _run(name, given[1:])


def _run(name: str, options: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", f"bench.{name}", *options],
                          check=False).returncode


def _run_all(benches: list[Bench]) -> int:
    ended: dict[int, list[str]] = {}
    for bench in benches:
        print(f"\n== {bench.name}: {bench.question} ({_minutes(bench.takes_s)})", flush=True)
        began = time.monotonic()
        code = _run(bench.name, [])
        ended.setdefault(code, []).append(bench.name)
        print(f"   took {time.monotonic() - began:.0f} s", flush=True)
    left_out = [bench for bench in BENCHES if bench not in benches]
    print(f"\nmet: {', '.join(ended.pop(0, [])) or 'none'}; "
          f"missed a target: {', '.join(ended.pop(MISSED, [])) or 'none'}")
    for code, names in ended.items():
        print(f"failed to run (code {code}): {', '.join(names)}")
    for bench in left_out:
        print(f"left out, {_minutes(bench.takes_s)}: python -m bench {bench.name}")
    return int(bool(ended))


def _list() -> None:
    for is_quick, title in ((True, "quick: python -m bench"), (False, "long: by name, or --all")):
        chosen = [bench for bench in BENCHES if bench.is_quick == is_quick]
        print(f"{title} ({_minutes(sum(bench.takes_s for bench in chosen))} together)")
        for bench in chosen:
            print(f"  {bench.name:<16}{_minutes(bench.takes_s):>8}   {bench.question}")


def _minutes(seconds: int) -> str:
    return f"{seconds} s" if seconds < 90 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
