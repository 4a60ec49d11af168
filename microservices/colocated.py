"""All services in one process; calls between them go without a socket.

A control topology: the same code, databases and steps as the services, minus the network.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.endpoints import DOMAINS, ENDPOINTS
from contract.instruments import serve_metrics
from microservices.accounts.app import create_app as accounts
from microservices.cart.app import create_app as cart
from microservices.catalog.app import create_app as catalog
from microservices.orders.app import create_app as orders
from microservices.payments.app import create_app as payments
from microservices.peers import Answer
from microservices.search.app import create_app as search
from microservices.settings import Settings, read_settings
from microservices.storefront.app import create_app as storefront

_FACTORIES: Final = {
    "accounts": accounts, "catalog": catalog, "search": search, "cart": cart, "orders": orders,
    "payments": payments, "storefront": storefront,
}
_OWNER: Final[dict[str, str]] = {
    "/".join(endpoint.path.split("/")[:3]): endpoint.domain for endpoint in ENDPOINTS}
"""First two parts of a public path → the service that answers there."""


def create_app(settings: Mapping[str, Settings] | None = None) -> Colocated:
    """Make the application; settings by service, read from the environment if not given."""
    settings = settings or {service: read_settings(service) for service in DOMAINS}
    inside = InProcess()
    for service, factory in _FACTORIES.items():
        inside.apps[service] = factory(replace(settings[service], metrics_address=None), inside)
    return Colocated(inside.apps, settings["storefront"].metrics_address)


class Colocated:
    """Hands a request to the service that owns its path.  Internal paths are not reachable.

    /metrics shows the pools of all services.
    """

    def __init__(self, apps: Mapping[str, FastAPI], metrics_address: str | None = None) -> None:
        self.apps = apps
        self._metrics_address = metrics_address
        self._front = FastAPI(openapi_url=None, lifespan=self._lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._front(scope, receive, send)
            return
        await self.apps[_owner(scope["path"])](scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in self.apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            if self._metrics_address:
                services = [app.state.service for app in self.apps.values() if app.state.service]
                stack.callback(serve_metrics(self._metrics_address,
                                             [service.database.pool for service in services]))
            yield


class InProcess:
    """The transport without a socket: calls the other service's application directly."""

    def __init__(self) -> None:
        self.apps: dict[str, FastAPI] = {}

    async def send(self, service: str, method: str, path: str, headers: dict[str, str],
                   body: bytes) -> Answer:
        """Send a request to an application in this process."""
        return await call(self.apps[service], method, path, headers, body)

    async def close(self) -> None:
        """There is nothing to let go."""


async def call(app: ASGIApp, method: str, target: str, headers: Mapping[str, str],
               body: bytes = b"") -> Answer:
    """Make one request of an application; `target` is a path with or without a query."""
    path, _, query = target.partition("?")
    raw_headers = [(name.lower().encode(), value.encode("latin-1"))
                   for name, value in headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "headers": raw_headers, "server": ("colocated", 80),
        "client": ("colocated", 0),
    }
    answered: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        answered.append(message)

    await app(scope, receive, send)
    start, *chunks = answered
    return Answer(start["status"],
                  {name.decode().lower(): value.decode("latin-1")
                   for name, value in start["headers"]},
                  b"".join(chunk.get("body", b"") for chunk in chunks))


def _owner(path: str) -> str:
    if path.startswith("/internal"):
        return "storefront"
    return _OWNER.get("/".join(path.split("/")[:3]), "storefront")
