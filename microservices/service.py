"""What every service is made of: its application, its parts, and its work in the background."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from sqlalchemy import text

from contract import models
from contract.errors import DatabaseUnavailable, StoreError
from contract.faults import FaultPoint, fault_point
from contract.instruments import serve_metrics
from contract.traces import trace_of
from microservices import border
from microservices.database import Database
from microservices.peers import HttpTransport, Peers, Transport
from microservices.settings import Settings

log = logging.getLogger("microservices")
_ASK = text("SELECT 1")

health = APIRouter()


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of one running service."""

    settings: Settings
    database: Database
    peers: Peers
    fault: FaultPoint


@dataclass(frozen=True, slots=True)
class Chore:
    """Background work: `run` every `every_s` seconds."""

    every_s: float
    run: Callable[[], Awaitable[object]]


async def here(request: Request) -> Service:
    """The service that is asked."""
    return cast(Service, request.app.state.service)


Here = Annotated[Service, Depends(here)]


def make_service(settings: Settings, transport: Transport | None = None) -> Service:
    """Make a service's parts; `transport` to its peers is over HTTP unless given."""
    assert settings.database_url is not None, "this service needs a database"
    database = Database(settings.database_url, settings.database_pool, settings.service,
                        settings.posture)
    return Service(
        settings=settings,
        database=database,
        peers=make_peers(settings, transport),
        fault=fault_point(settings.service, lend=database.read),
    )


def make_peers(settings: Settings, transport: Transport | None = None) -> Peers:
    """Make the client of the other services."""
    return Peers(transport or HttpTransport(settings.peer_urls), settings.service_token,
                 settings.peer_deadline_s)


def make_app(settings: Settings, routers: Sequence[APIRouter], service: Service | None,
             chores: Sequence[Chore] = (),
             closing: Sequence[Callable[[], Awaitable[None]]] = ()) -> FastAPI:
    """Put an application together; `closing` is awaited at its end."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gc.collect()
        gc.freeze()  # long pauses were the collector's: docs/decisions/0021
        pools = [service.database.pool] if service else []
        stop_metrics = (serve_metrics(settings.metrics_address, pools)
                        if settings.metrics_address else None)
        tasks = [asyncio.create_task(_keep_doing(chore), name=settings.service)
                 for chore in chores]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for close in closing:
                await close()
            if stop_metrics:
                stop_metrics()
            if service:
                await service.peers.close()
                await service.database.dispose()

    app = FastAPI(title=settings.service, openapi_url=None, docs_url=None, redoc_url=None,
                  redirect_slashes=False, lifespan=lifespan,
                  telemetry={"tracing": False, "metrics": False, "logs": False})
    app.state.settings, app.state.service = settings, service
    border.install(app)
    for router in (*routers, *([health] if service else [])):
        app.include_router(router)
    return app


@health.get("/livez")
async def livez() -> Response:
    return border.answer(models.Health(status="ok"))


@health.get("/readyz")
async def readyz(here: Here) -> Response:
    try:
        async with here.database.read() as connection:
            await connection.execute(_ASK)
    except DatabaseUnavailable:
        return border.answer(models.Health(status="unavailable",
                                           parts={"database": "unavailable"}), 503)
    return border.answer(models.Health(status="ok", parts={"database": "ok"}))


async def _keep_doing(chore: Chore) -> None:
    while True:
        await asyncio.sleep(chore.every_s)
        try:
            await chore.run()
        except StoreError as unavailable:  # next time
            log.warning("background work was not possible: %s", unavailable)
        except Exception as defect:  # noqa: BLE001 - the border of the task: it must not die
            log.error("background work failed\n%s", trace_of(defect))
