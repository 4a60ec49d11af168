"""What search asks of the catalog."""

from microservices.messages import Changes, Position
from microservices.peers import Peers


async def list_changes(peers: Peers, after: Position) -> Changes:
    """Return what changed after a position.  Raises DependencyUnavailable (503)."""
    return await peers.call("catalog", "list_changes", after, Changes)
