"""How the lab starts the load generator.  Imports nothing of Locust, which patches its process."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SPEC_ENV: Final = "TWINSTORE_LOAD_SPEC"
GATE_ENV: Final = "TWINSTORE_LOAD_GATE"
"""`stdin`: wait for a line `go`; anything else: start as soon as all users are there."""

_LOCUSTFILE: Final = Path(__file__).with_name("locustfile.py")


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line and its environment."""

    argv: list[str]
    environ: dict[str, str]


def command_for(spec_path: Path, *, web_port: int | None = None, processes: int = 1,
                gated: bool = True) -> Launch:
    """Return how to run one trial.

    `web_port`: keep Locust's own page there, on the loopback address only.
    `processes`: workers that share the arrivals, beside a master that only controls.
    `gated`: wait for `go` on standard input.
    """
    argv = [sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), "--only-summary",
            "--loglevel", "WARNING"]
    if web_port is None:
        argv.append("--headless")
    else:
        argv += ["--web-host", "127.0.0.1", "--web-port", str(web_port), "--autostart",
                 "--autoquit", "0"]
    if processes > 1:
        port = str(_free_port())
        argv += ["--processes", str(processes), "--master-bind-host", "127.0.0.1",
                 "--master-bind-port", port, "--master-port", port]
    environ = dict(os.environ)
    environ[SPEC_ENV] = str(spec_path)
    environ[GATE_ENV] = "stdin" if gated else "open"
    environ["PYTHONPATH"] = os.pathsep.join(
        part for part in (str(_LOCUSTFILE.parent.parent), environ.get("PYTHONPATH", "")) if part)
    return Launch(argv, environ)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
