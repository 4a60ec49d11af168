"""Is the shop open?"""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from contract import models
from microservices.peers import Peers

ASKED: Final = ("accounts", "catalog", "search", "cart", "orders", "payments")
DEADLINE_S: Final = 1.0


async def check_health(peers: Peers) -> models.Health:
    """Ask every service at once; each is honest about its own database."""
    ready = await asyncio.gather(*(peers.is_ready(service, DEADLINE_S) for service in ASKED))
    parts: dict[str, Literal["ok", "unavailable"]] = {
        service: "ok" if is_ready else "unavailable"
        for service, is_ready in zip(ASKED, ready, strict=True)}
    return models.Health(status="ok" if all(ready) else "unavailable", parts=parts)
