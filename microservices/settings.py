"""What the process of a service is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from contract.endpoints import DOMAINS
from contract.instruments import METRICS_ENV
from contract.posture import RAW, Posture, read_bank_calls, read_posture
from contract.tokens import load_private_key, load_public_key


@dataclass(frozen=True, slots=True)
class Settings:
    """Units: `*_s` seconds; `database_pool` connections; `peer_urls` by service.

    `metrics_address`: host:port of /metrics; None: not served.  `bank_calls`: payments at once;
    None: as many as ask.
    """

    service: str
    verifying_key: Ed25519PublicKey
    service_token: str
    database_url: str | None = None
    database_pool: int = 4
    peer_urls: Mapping[str, str] = field(default_factory=dict)
    peer_deadline_s: float = 4.0
    bank_url: str = ""
    bank_deadline_s: float = 3.0
    signing_key: Ed25519PrivateKey | None = None
    lease_s: float = 7.0
    resume_every_s: float = 1.0
    metrics_address: str | None = None
    posture: Posture = RAW
    bank_calls: int | None = None


def read_settings(service: str, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment; a missing variable is a KeyError with its name."""
    env = os.environ if environ is None else environ
    posture = read_posture(env)
    own_url = env.get(f"TWINSTORE_{service.upper()}_DATABASE_URL")
    signing_key = env.get("TWINSTORE_SIGNING_KEY_FILE") if service == "accounts" else None
    return Settings(
        service=service,
        verifying_key=load_public_key(Path(env["TWINSTORE_VERIFYING_KEY_FILE"]).read_text()),
        service_token=Path(env["TWINSTORE_SERVICE_TOKEN_FILE"]).read_text().strip(),
        database_url=own_url or env.get("TWINSTORE_DATABASE_URL"),
        database_pool=int(env.get("TWINSTORE_DATABASE_POOL", "4")),
        peer_urls={name: url for name in DOMAINS
                   if (url := env.get(f"TWINSTORE_{name.upper()}_URL"))},
        peer_deadline_s=float(env.get("TWINSTORE_PEER_DEADLINE_S", posture.peer_deadline_s)),
        bank_url=env["TWINSTORE_BANK_URL"] if service == "payments" else "",
        bank_deadline_s=float(env.get("TWINSTORE_BANK_DEADLINE_S", posture.bank_deadline_s)),
        signing_key=load_private_key(Path(signing_key).read_text()) if signing_key else None,
        lease_s=float(env.get("TWINSTORE_LEASE_S", "7")),
        resume_every_s=float(env.get("TWINSTORE_RESUME_EVERY_S", "1")),
        metrics_address=env.get(METRICS_ENV),
        posture=posture,
        bank_calls=read_bank_calls(posture, env),
    )
