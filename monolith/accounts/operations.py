"""Register and sign in."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract import models
from contract.errors import CredentialsWrong, EmailTaken
from contract.passwords import hash_password, password_matches
from contract.tokens import Principal, issue
from monolith.accounts import queries
from monolith.database import Database


def register_account(database: Database, new: models.AccountCreate) -> models.Account:
    """Create a customer.  Raises EmailTaken (409)."""
    password_hash = hash_password(new.password)
    with database.transaction() as connection:
        account_id = queries.insert_account(connection, new.email, new.name, password_hash)
    if account_id is None:
        raise EmailTaken
    return models.Account(id=account_id, email=new.email, name=new.name, role="customer")


def sign_in(database: Database, key: Ed25519PrivateKey,
            credentials: models.SessionCreate) -> models.Session:
    """Check a password and sign a token.  Raises CredentialsWrong (401).

    An unknown address costs as much time as a wrong password.
    """
    with database.read() as connection:
        account: Any = queries.find_by_email(connection, credentials.email)
    password_hash = account.password_hash if account else _nobody()
    if not password_matches(password_hash, credentials.password) or not account:
        raise CredentialsWrong
    token, expires = issue(Principal(account.id, account.role), key)
    return models.Session(token=token, expires_at=datetime.fromtimestamp(expires, UTC))


@cache
def _nobody() -> str:
    return hash_password("nobody has this password")
