"""A thread that looks for unfinished work every second: what a crash or a silent bank left."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from contract.errors import StoreError
from contract.traces import trace_of

log = logging.getLogger("monolith.resumer")


class Resumer:
    """Calls `resume` again and again until stopped."""

    def __init__(self, resume: Callable[[], int], every_s: float) -> None:
        self._resume = resume
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resumer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the round that is under way."""
        self._stopped.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self._resume()
            except StoreError as unavailable:  # next time
                log.warning("resuming was not possible: %s", unavailable)
            except Exception as defect:  # noqa: BLE001 - the border of the thread
                log.error("resuming failed\n%s", trace_of(defect))
