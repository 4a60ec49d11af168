"""The load generator's place on its core."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lab.budget.priority import prefer


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="no scheduling classes here")
def test_the_generator_gets_the_best_priority_that_is_allowed() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        means = prefer(child.pid)
        if means == "real-time priority":
            assert os.sched_getscheduler(child.pid) == os.SCHED_RR
        else:
            assert os.getpriority(os.PRIO_PROCESS, child.pid) == (-10 if "-10" in means else 0)
    finally:
        child.communicate(b"\n", timeout=10)
