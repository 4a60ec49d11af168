"""The secrets of one run: made anew, in files only their owner can read, removed at the end."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from contract.tokens import new_key_pair


@dataclass(frozen=True, slots=True)
class RunSecrets:
    """Where the secrets stand, and those that the lab itself needs."""

    signing_key_file: Path
    verifying_key_file: Path
    service_token_file: Path
    signing_key_pem: str
    service_token: str


def make_secrets(folder: Path) -> RunSecrets:
    """Make keys and tokens below a private folder."""
    pair, token = new_key_pair(), secrets.token_urlsafe(32)
    return RunSecrets(
        signing_key_file=_write(folder / "signing.pem", pair.private_pem),
        verifying_key_file=_write(folder / "verifying.pem", pair.public_pem),
        service_token_file=_write(folder / "service-token", token),
        signing_key_pem=pair.private_pem, service_token=token,
    )


def new_password() -> str:
    """Make a password for a database role."""
    return secrets.token_urlsafe(18)


def _write(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="ascii")
    return path
