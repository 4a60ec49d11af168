"""Tokens: only who holds the private key signs, and nothing else passes."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest

from contract import errors
from contract.tokens import (
    ALGORITHM,
    ISSUER,
    LIFETIME_S,
    KeyPair,
    Principal,
    issue,
    load_private_key,
    load_public_key,
    new_key_pair,
    require_admin,
    verify,
)

ADA = Principal(7, "customer")


@pytest.fixture(scope="module")
def keys() -> KeyPair:
    return new_key_pair()


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {"iss": ISSUER, "sub": "7", "role": "customer", "iat": now, "exp": now + 60}
    return {name: value for name, value in (whole | changes).items() if value is not None}


def signed(keys: KeyPair, payload: dict[str, Any], **header: Any) -> str:
    return jwt.encode(payload, load_private_key(keys.private_pem), ALGORITHM, headers=header)


def code_of(authorization: str | None, keys: KeyPair) -> str:
    with pytest.raises(errors.Unauthenticated) as refused:
        verify(authorization, load_public_key(keys.public_pem))
    return refused.value.code


def test_an_issued_token_names_its_principal_until_it_ends(keys: KeyPair) -> None:
    now = time.time()
    token, expires = issue(ADA, load_private_key(keys.private_pem), now)
    assert expires == int(now) + LIFETIME_S
    public = load_public_key(keys.public_pem)
    assert verify(f"Bearer {token}", public) == ADA
    assert verify(f"bearer {token}", public) == ADA


@pytest.mark.parametrize("authorization", [
    None, "", "Bearer", "Bearer ", "Basic YTpi", "Token x", "x", "bearer",
    "Bearer é.é.é", "Bearer \udcff"])
def test_without_a_bearer_token_it_is_missing(authorization: str | None, keys: KeyPair) -> None:
    assert code_of(authorization, keys) == "token_missing"


def test_an_old_token_has_expired(keys: KeyPair) -> None:
    token, _ = issue(ADA, load_private_key(keys.private_pem), time.time() - LIFETIME_S - 1)
    assert code_of(f"Bearer {token}", keys) == "token_expired"


@pytest.mark.parametrize("token", [
    "x", "a.b.c", "..", "a.b", "a" * 20_000, " two words", "\x00", "null",
    "eyJhbGciOiJFZERTQSJ9.."])
def test_noise_is_invalid(token: str, keys: KeyPair) -> None:
    assert code_of(f"Bearer {token}", keys) == "token_invalid"


def test_a_token_of_another_key_is_invalid(keys: KeyPair) -> None:
    token = signed(new_key_pair(), claims())
    assert code_of(f"Bearer {token}", keys) == "token_invalid"


def test_changed_claims_are_invalid(keys: KeyPair) -> None:
    head, _, signature = signed(keys, claims()).split(".")
    raised = base64.urlsafe_b64encode(json.dumps(claims(role="admin")).encode()).rstrip(b"=")
    assert code_of(f"Bearer {head}.{raised.decode()}.{signature}", keys) == "token_invalid"


def test_a_token_without_signature_is_invalid(keys: KeyPair) -> None:
    unsigned = jwt.encode(claims(role="admin"), "", "none")
    assert code_of(f"Bearer {unsigned}", keys) == "token_invalid"
    head, payload, _ = signed(keys, claims()).split(".")
    assert code_of(f"Bearer {head}.{payload}.", keys) == "token_invalid"


def test_the_public_key_is_no_shared_secret(keys: KeyPair) -> None:
    """Algorithm confusion: HS256 with the public key, which everyone has, as the secret."""
    import hashlib
    import hmac

    def part(data: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()

    text = part({"alg": "HS256", "typ": "JWT"}) + "." + part(claims(role="admin"))
    mac = hmac.new(keys.public_pem.encode(), text.encode(), hashlib.sha256).digest()
    forged = f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert code_of(f"Bearer {forged}", keys) == "token_invalid"


@pytest.mark.parametrize("changes", [
    {"iss": "somebody"}, {"iss": None}, {"exp": None}, {"iat": None}, {"sub": None},
    {"sub": "x"}, {"sub": ""}, {"sub": "-1"}, {"sub": "٣"}, {"sub": "1.0"}, {"role": None},
    {"role": "root"}, {"role": ["admin"]}, {"exp": "soon"}, {"nbf": int(time.time()) + 3600},
])
def test_claims_of_another_kind_are_invalid(changes: dict[str, Any], keys: KeyPair) -> None:
    assert code_of(f"Bearer {signed(keys, claims(**changes))}", keys) == "token_invalid"


def test_keys_of_another_kind_are_refused_at_start() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    key = generate_private_key(SECP256R1())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption()).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(ValueError, match="Ed25519"):
        load_private_key(private)
    with pytest.raises(ValueError, match="Ed25519"):
        load_public_key(public)


def test_only_admins_are_admins() -> None:
    assert require_admin(Principal(1, "admin")).account_id == 1
    with pytest.raises(errors.RoleForbidden):
        require_admin(ADA)
