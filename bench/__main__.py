"""`python -m bench`: every bench, one after the other; each also runs alone."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

BENCHES: Final = ("bench.product_read", "bench.recorder", "bench.startup", "bench.report_speed")


def main() -> int:
    """Run all; return how many failed to run (a missed target is a result, not a failure)."""
    failed = 0
    for bench in BENCHES:
        print(f"\n== {bench}", flush=True)
        failed += subprocess.run([sys.executable, "-m", bench], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
