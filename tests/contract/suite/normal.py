"""What may differ between two stores that did the same: random ids, instants and secrets."""

from __future__ import annotations

import re
from typing import Any

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VARIES = {"created_at", "expires_at", "token", "request_id"}


class Normalizer:
    """Gives a store's random ids numbers in the order in which they are first seen."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def normal(self, data: Any, name: str = "") -> Any:
        """Return the data with what may differ replaced."""
        if isinstance(data, dict):
            return {key: self.normal(value, key) for key, value in data.items()}
        if isinstance(data, list):
            return [self.normal(value) for value in data]
        if name in _VARIES:
            return f"<{name}>"
        if isinstance(data, str):
            return _UUID.sub(self._number, data)
        return data

    def _number(self, found: re.Match[str]) -> str:
        number = self._numbers.setdefault(found[0], len(self._numbers))
        return f"<id {number}>"
