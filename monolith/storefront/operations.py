"""Is the shop open?"""

from __future__ import annotations

from sqlalchemy import text

from contract import models
from contract.errors import DatabaseUnavailable
from monolith.database import Database

_ASK = text("SELECT 1")


def check_health(database: Database) -> models.Health:
    """Ask the database; `unavailable` means that nothing that needs it will work."""
    try:
        with database.read() as connection:
            connection.execute(_ASK)
    except DatabaseUnavailable:
        return models.Health(status="unavailable", parts={"database": "unavailable"})
    return models.Health(status="ok", parts={"database": "ok"})
