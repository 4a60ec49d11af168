"""How the index learns what the catalog changed.

The position is read from the database at each turn and advanced in the transaction that writes
the documents: a crash repeats, it never skips, and several replicas don't disturb one another.
"""

from __future__ import annotations

from typing import Final

from microservices.database import Database
from microservices.messages import Position
from microservices.peers import Peers
from microservices.search import clients, queries

FOLLOW_EVERY_S: Final = 0.3


async def follow_catalog(database: Database, peers: Peers) -> int:
    """Take over what changed since the last time; return how many documents.

    Raises DependencyUnavailable (503): the index stays as it was, try again.
    """
    async with database.read() as connection:
        before = await queries.position(connection)
    at = Position(transaction=before.transaction, number=before.number)
    changes = await clients.list_changes(peers, at)
    if not changes.documents:
        return 0
    async with database.transaction() as connection:
        if await queries.lock_position(connection) != before:
            return 0  # another replica was quicker
        await queries.index(connection, [document.model_dump() for document in changes.documents])
        reached = changes.position
        await queries.advance(connection, reached.transaction, reached.number)
    return len(changes.documents)
