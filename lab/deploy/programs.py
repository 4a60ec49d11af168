"""How each program of a store is started, and what its environment says."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contract.faults import FAULTS_ENV, FIRED_ENV
from contract.instruments import METRICS_ENV
from contract.posture import BANK_CALLS_ENV, POSTURE_ENV, RAW, Posture
from lab.deploy.ports import HOST, free_port
from lab.deploy.processes import Command
from lab.deploy.secrets import RunSecrets
from lab.deploy.warden import MARK
from lab.keys.conditions import PlatformKeys
from lab.topology import Deployable

_DROPPED: Final = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
_SIGNS: Final = frozenset({"monolith", "accounts", "colocated"})
_SELLS: Final = frozenset({"monolith", "orders", "colocated"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all programs of a run share."""

    mark: str
    secrets: RunSecrets
    bank_url: str
    faults: Path
    fired: Path
    posture: Posture = RAW
    lease_s: float = PlatformKeys().lease_s


def mark_of(around: Surroundings) -> dict[str, str]:
    """The variable by which the warden knows what belongs to this run."""
    return {MARK: around.mark}


def base_environ(around: Surroundings) -> dict[str, str]:
    """The caller's environment without ours, and with this run's mark."""
    inherited = {key: value for key, value in os.environ.items()
                 if not key.startswith("TWINSTORE") and key not in _DROPPED}
    return inherited | mark_of(around) | {FAULTS_ENV: str(around.faults),
                                          FIRED_ENV: str(around.fired)}


def database_environ(role_urls: Mapping[str, str]) -> dict[str, str]:
    """Variables with every database's address: for seeding and for the colocated process."""
    if set(role_urls) == {"monolith"}:
        return {"TWINSTORE_DATABASE_URL": role_urls["monolith"]}
    return {f"TWINSTORE_{name.upper()}_DATABASE_URL": url for name, url in role_urls.items()}


def store_command(around: Surroundings, program: Deployable, replica: int, port: int,
                  role_urls: Mapping[str, str], peer_urls: Mapping[str, str]) -> Command:
    """Say how one replica is started; each program is told only what it needs."""
    name = program.name
    environ = base_environ(around) | {
        "TWINSTORE_DATABASE_POOL": str(program.db_connections),
        POSTURE_ENV: around.posture.name,
        METRICS_ENV: f"{HOST}:{free_port()}",
        "TWINSTORE_VERIFYING_KEY_FILE": str(around.secrets.verifying_key_file),
    }
    if name in _SIGNS:
        environ["TWINSTORE_SIGNING_KEY_FILE"] = str(around.secrets.signing_key_file)
    if name in _SELLS:
        environ["TWINSTORE_LEASE_S"] = f"{around.lease_s:g}"
    if name in ("monolith", "payments", "colocated"):
        environ["TWINSTORE_BANK_URL"] = around.bank_url
        if around.posture.bank_calls is not None:
            environ[BANK_CALLS_ENV] = str(max(1, around.posture.bank_calls // program.replicas))
    if name in role_urls:
        environ["TWINSTORE_DATABASE_URL"] = role_urls[name]
    if name == "colocated":
        environ |= database_environ(role_urls)
    if name != "monolith":
        environ["TWINSTORE_SERVICE_TOKEN_FILE"] = str(around.secrets.service_token_file)
        environ |= {f"TWINSTORE_{peer.upper()}_URL": url for peer, url in peer_urls.items()}
    if name == "monolith":
        environ["TWINSTORE_THREADS"] = str(program.threads)
        options = ["--interface", "wsgi", "--blocking-threads", str(program.threads)]
        target = "monolith.app:create_app"
    else:
        options = ["--interface", "asgi", "--loop", "uvloop"]
        target = ("microservices.colocated:create_app" if name == "colocated"
                  else f"microservices.{name}.app:create_app")
    return Command(name, replica, _granian(target, port, options), environ, port=port)


def bank_command(around: Surroundings, port: int) -> Command:
    """Say how the bank is started; its journal outlives its process."""
    return Command("bank", 0, _granian("bank.app:create_app", port,
                                       ["--interface", "asgi", "--loop", "uvloop"]),
                   base_environ(around) | {
                       "TWINSTORE_BANK_JOURNAL": str(around.faults.with_name("bank-journal"))},
                   port=port)


def _granian(target: str, port: int, options: list[str]) -> list[str]:
    return [sys.executable, "-m", "granian", "--factory", target, "--host", HOST,
            "--port", str(port), "--workers", "1", "--no-ws", "--log-level", "warning",
            "--workers-kill-timeout", "3", *options]
