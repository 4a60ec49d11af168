"""How long a call may take: its own deadline, or what is left of the request's time.

Failing fast, and no retries: these are the proxy's, or each layer would multiply them.
"""

from __future__ import annotations

import time

from contract.errors import DependencyUnavailable


def deadline_of(sent: str | None, own_s: float | None) -> float | None:
    """Return the instant (monotonic seconds) by which a request is to be answered.

    `sent`: what the caller says is left, in milliseconds; `own_s`: the most a request may take.
    None where no such limit is wanted: then nothing that is sent counts.
    """
    if own_s is None:
        return None
    is_said = sent is not None and sent.isascii() and sent.isdigit() and len(sent) < 8
    left_s = int(sent) / 1000 if sent is not None and is_said else own_s
    return time.monotonic() + min(left_s, own_s)


def patience_s(deadline: float | None, call_s: float) -> float:
    """Return how long to wait for a call: `call_s`, or less.  Raises DependencyUnavailable (503)
    when the request's time is over: who asked has gone, so nobody is asked any more."""
    if deadline is None:
        return call_s
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise DependencyUnavailable("the time of the request is over")
    return min(call_s, left_s)
