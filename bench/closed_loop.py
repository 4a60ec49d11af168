"""Saturate one server with a closed loop: how many requests a second does it answer at most?

Throughput at saturation is the one question a closed loop answers rightly.  Bounded in time and
connections; loopback only.
"""

from __future__ import annotations

import asyncio
import time

import aiohttp


def throughput(url: str, connections: int = 16, seconds: float = 2.5) -> float:
    """Return good answers per second; any other answer is an error."""
    return asyncio.run(_throughput(url, connections, seconds))


async def _throughput(url: str, connections: int, seconds: float) -> float:
    timeout = aiohttp.ClientTimeout(total=10)
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        await _ask_until(session, url, time.perf_counter() + 0.5)  # warm up
        began = time.perf_counter()
        counts = await asyncio.gather(*(_ask_until(session, url, began + seconds)
                                        for _ in range(connections)))
        return sum(counts) / (time.perf_counter() - began)


async def _ask_until(session: aiohttp.ClientSession, url: str, end: float) -> int:
    count = 0
    while time.perf_counter() < end:
        async with session.get(url) as answer:
            await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{url} answered {answer.status}")
        count += 1
    return count
