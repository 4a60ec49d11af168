"""SQL of the accounts service."""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from microservices.accounts.tables import accounts
from microservices.database import AnyRow

_BY_EMAIL = select(accounts).where(accounts.c.email == bindparam("email"))
_INSERT = (
    upsert(accounts)
    .on_conflict_do_nothing(index_elements=[accounts.c.email])
    .returning(accounts.c.id)
)


async def find_by_email(connection: AsyncConnection, email: str) -> AnyRow | None:
    """Return the account with this e-mail address."""
    return (await connection.execute(_BY_EMAIL, {"email": email})).one_or_none()


async def insert_account(connection: AsyncConnection, email: str, name: str,
                         password_hash: str) -> int | None:
    """Insert a customer; return the new id, or None if the address is taken."""
    account_id: int | None = (await connection.execute(_INSERT, {
        "email": email, "name": name, "role": "customer",
        "password_hash": password_hash})).scalar_one_or_none()
    return account_id
