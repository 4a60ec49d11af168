"""`twinstore`: the command line of the lab (its commands: lab/commands)."""

from __future__ import annotations

import signal
import sys

from lab.commands import look, results, run
from lab.commands.application import EXIT_INTERRUPTED, app, complaints

__all__ = ["app", "look", "main", "results", "run"]


def main() -> None:
    """Run the command line; Ctrl-C ends with 130 after the clean-up."""
    from lab.errors import LabError

    # A shell starts background jobs with interrupts ignored; ours clean up when interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except (LabError, OSError) as stopped:  # a folder that can't be written needs no traceback
        complaints.print(str(stopped), highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)
    finally:  # all is cleaned up; Python on its way out would die of one more Ctrl-C
        signal.signal(signal.SIGINT, signal.SIG_IGN)
