"""Signed tokens (JWT, Ed25519): who holds the private key signs, everyone can verify."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final, Literal

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from contract import errors

ALGORITHM: Final = "EdDSA"
ISSUER: Final = "twinstore"
LIFETIME_S: Final = 6 * 3600

Role = Literal["customer", "admin"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking."""

    account_id: int
    role: Role


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Ed25519 keys as PEM text."""

    private_pem: str
    public_pem: str


def new_key_pair() -> KeyPair:
    """Make the keys of one run."""
    private = Ed25519PrivateKey.generate()
    return KeyPair(
        private_pem=private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        public_pem=private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )


def load_private_key(pem: str) -> Ed25519PrivateKey:
    """Parse once at start-up: parsing costs more than signing."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the signing key is not an Ed25519 private key")
    return key


def load_public_key(pem: str) -> Ed25519PublicKey:
    """Parse once at start-up: parsing costs more than verifying."""
    key = serialization.load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the verifying key is not an Ed25519 public key")
    return key


def issue(
    principal: Principal,
    key: Ed25519PrivateKey,
    now_s: float | None = None,
    lifetime_s: int = LIFETIME_S,
) -> tuple[str, int]:
    """Sign a token; return it with the Unix time (s) of its end."""
    issued = int(time.time() if now_s is None else now_s)
    expires = issued + lifetime_s
    claims = {
        "iss": ISSUER,
        "sub": str(principal.account_id),
        "role": principal.role,
        "iat": issued,
        "exp": expires,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM), expires


def verify(authorization: str | None, key: Ed25519PublicKey) -> Principal:
    """Read an Authorization header.  Raises TokenMissing, TokenExpired or TokenInvalid (401).

    A value that is not ASCII counts as absent (docs/decisions/0070).
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token or not token.isascii():
        raise errors.TokenMissing
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={"require": ["exp", "iat", "sub", "iss"]},
        )
    except jwt.ExpiredSignatureError:
        raise errors.TokenExpired from None
    except (jwt.InvalidTokenError, ValueError, UnicodeError):
        raise errors.TokenInvalid from None
    return _principal(claims)


def _principal(claims: dict[str, Any]) -> Principal:
    subject, role = claims["sub"], claims.get("role")
    if not (isinstance(subject, str) and subject.isascii() and subject.isdigit()):
        raise errors.TokenInvalid
    if role == "customer":
        return Principal(int(subject), "customer")
    if role == "admin":
        return Principal(int(subject), "admin")
    raise errors.TokenInvalid


def require_admin(principal: Principal) -> Principal:
    """Raise RoleForbidden (403) unless this is an admin."""
    if principal.role != "admin":
        raise errors.RoleForbidden
    return principal
