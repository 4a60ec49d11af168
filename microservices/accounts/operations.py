"""Register and sign in.  Hashing takes ≈ 20 ms: it runs in a thread, off the event loop."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract import models
from contract.errors import CredentialsWrong, EmailTaken
from contract.passwords import hash_password, password_matches
from contract.tokens import Principal, issue
from microservices.accounts import queries
from microservices.database import Database


async def register_account(database: Database, new: models.AccountCreate) -> models.Account:
    """Create a customer.  Raises EmailTaken (409)."""
    password_hash = await asyncio.to_thread(hash_password, new.password)
    async with database.statement() as connection:
        account_id = await queries.insert_account(connection, new.email, new.name, password_hash)
    if account_id is None:
        raise EmailTaken
    return models.Account(id=account_id, email=new.email, name=new.name, role="customer")


async def sign_in(database: Database, key: Ed25519PrivateKey,
                  credentials: models.SessionCreate) -> models.Session:
    """Check a password and sign a token.  Raises CredentialsWrong (401).

    An unknown address costs as much time as a wrong password.
    """
    async with database.read() as connection:
        account: Any = await queries.find_by_email(connection, credentials.email)
    password_hash = account.password_hash if account else await asyncio.to_thread(_nobody)
    matches = await asyncio.to_thread(password_matches, password_hash, credentials.password)
    if not matches or not account:
        raise CredentialsWrong
    token, expires = issue(Principal(account.id, account.role), key)
    return models.Session(token=token, expires_at=datetime.fromtimestamp(expires, UTC))


@cache
def _nobody() -> str:
    return hash_password("nobody has this password")
