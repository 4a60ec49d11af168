"""What a process of the monolith is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from contract.instruments import METRICS_ENV
from contract.posture import RAW, Posture, read_bank_calls, read_posture
from contract.tokens import load_private_key, load_public_key


@dataclass(frozen=True, slots=True)
class Settings:
    """Units: `*_s` seconds; `database_pool` connections; `threads` of the server.

    `metrics_address`: host:port of /metrics; None: not served.  `bank_calls`: payments at once;
    None: as many as ask.
    """

    database_url: str
    database_pool: int
    bank_url: str
    signing_key: Ed25519PrivateKey
    verifying_key: Ed25519PublicKey
    bank_deadline_s: float = 3.0
    lease_s: float = 7.0
    resume_every_s: float = 1.0
    threads: int = 16
    metrics_address: str | None = None
    posture: Posture = RAW
    bank_calls: int | None = None


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment; a missing variable is a KeyError with its name."""
    env = os.environ if environ is None else environ
    posture = read_posture(env)
    return Settings(
        database_url=env["TWINSTORE_DATABASE_URL"],
        database_pool=int(env.get("TWINSTORE_DATABASE_POOL", "8")),
        bank_url=env["TWINSTORE_BANK_URL"],
        signing_key=load_private_key(Path(env["TWINSTORE_SIGNING_KEY_FILE"]).read_text()),
        verifying_key=load_public_key(Path(env["TWINSTORE_VERIFYING_KEY_FILE"]).read_text()),
        bank_deadline_s=float(env.get("TWINSTORE_BANK_DEADLINE_S", posture.bank_deadline_s)),
        lease_s=float(env.get("TWINSTORE_LEASE_S", "7")),
        resume_every_s=float(env.get("TWINSTORE_RESUME_EVERY_S", "1")),
        threads=int(env.get("TWINSTORE_THREADS", "16")),
        metrics_address=env.get(METRICS_ENV),
        posture=posture,
        bank_calls=read_bank_calls(posture, env),
    )
