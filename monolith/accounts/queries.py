"""SQL of the accounts domain."""

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.postgresql import insert as upsert

from monolith.accounts.tables import accounts
from monolith.database import AnyRow

_BY_EMAIL = select(accounts).where(accounts.c.email == bindparam("email"))
_INSERT = (
    upsert(accounts)
    .on_conflict_do_nothing(index_elements=[accounts.c.email])
    .returning(accounts.c.id)
)


def find_by_email(connection: Connection, email: str) -> AnyRow | None:
    """Return the account with this e-mail address."""
    return connection.execute(_BY_EMAIL, {"email": email}).one_or_none()


def insert_account(connection: Connection, email: str, name: str,
                   password_hash: str) -> int | None:
    """Insert a customer; return the new id, or None if the address is taken."""
    return connection.execute(_INSERT, {"email": email, "name": name, "role": "customer",
                                        "password_hash": password_hash}).scalar_one_or_none()
