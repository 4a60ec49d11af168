"""Passwords with argon2id, at OWASP's minimum (19 MiB, 2 passes, 1 lane): the same cost on
both sides.  Source: OWASP Password Storage Cheat Sheet."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import hash_secret

_PASSES: Final = 2
_MEMORY_KIB: Final = 19 * 1024
_LANES: Final = 1

_hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)


def hash_password(password: str) -> str:
    """Hash with a random salt."""
    return _hasher.hash(password)


def password_matches(password_hash: str, password: str) -> bool:
    """Compare in time that does not depend on where they differ."""
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def hash_for_seed(password: str, salt: bytes) -> str:
    """Hash with a fixed salt: seed data must be the same bytes every time; nothing else may."""
    return hash_secret(
        password.encode(), salt, _PASSES, _MEMORY_KIB, _LANES, 32, Type.ID
    ).decode()
