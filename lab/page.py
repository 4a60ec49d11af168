"""Where Locust's own page is during each trial: at one port, at another when that is taken."""

from __future__ import annotations

from collections.abc import Callable

from lab.deploy.ports import HOST, can_listen, free_port


class Page:
    """The page's port over a run; `tell` hears where it is."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._port = free_port()
        tell(f"Locust's page, during each trial: {self.url}")

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    def port(self) -> int:
        """The port for the next trial: somebody may have taken the last one meanwhile."""
        if not can_listen(self._port):
            self.move()
        return self._port

    def move(self) -> None:
        """Go to another port and say so."""
        taken, self._port = self._port, free_port()
        self._tell(f"Port {taken} is taken: Locust's page is now at {self.url}")
