"""Every kind of caller of `contract.access`, with the headers that make it one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

from contract.access import Caller
from contract.http import SERVICE_TOKEN_HEADER
from contract.tokens import ALGORITHM, ISSUER, LIFETIME_S, Role, load_private_key, new_key_pair
from tests.contract.suite.targets import Floor

Headers = dict[str, str]


def headers_of_callers(floor: Floor, owner: int) -> dict[Caller, Headers]:
    """Return headers by caller.  The other and the admin are seed customers of their own."""
    own = load_private_key(floor.deployment.signing_key_pem)
    foreign = load_private_key(new_key_pair().private_pem)
    public = own.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    other, admin = floor.account(), floor.account()
    claims = _claims(admin, "admin")
    head, _, signature = jwt.encode(_claims(owner, "customer"), own, ALGORITHM).split(".")
    return {
        "nobody": {},
        "service": {SERVICE_TOKEN_HEADER: floor.deployment.service_token},
        "expired": _bearer(floor.token(admin, "admin", age_s=LIFETIME_S + 10)),
        "forged": _bearer(jwt.encode(claims, foreign, ALGORITHM)),
        "altered": _bearer(f"{head}.{_part(_claims(owner, 'admin'))}.{signature}"),
        "unsigned": _bearer(jwt.encode(claims, "", "none")),
        "confused": _bearer(_hs256(claims, public)),
        "owner": _bearer(floor.token(owner)),
        "other": _bearer(floor.token(other)),
        "admin": _bearer(floor.token(admin, "admin")),
    }


def _claims(account_id: int, role: Role) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": ISSUER, "sub": str(account_id), "role": role, "iat": now,
            "exp": now + LIFETIME_S}


def _bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


def _hs256(claims: dict[str, Any], secret: bytes) -> str:
    """Sign by hand: libraries refuse to sign with what looks like a public key."""
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{signed}.{_text(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _part(data: dict[str, Any]) -> str:
    return _text(json.dumps(data).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
