"""The border of a store, in one place so that both refuse and answer alike.

Pure functions from bytes and strings to models or `contract.errors`; no framework here.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from pydantic import BaseModel, ValidationError

from contract import errors
from contract.models import MAX_ID

MAX_BODY_BYTES: Final = 1024 * 1024
JSON_MEDIA_TYPE: Final = "application/json"
REQUEST_ID_HEADER: Final = "X-Request-ID"
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
WORK_HEADER: Final = "X-Work"
"""What an answer needed, for example `calls=3;statements=5;rows=21`: see `Work`."""
SERVICE_TOKEN_HEADER: Final = "X-Service-Token"  # noqa: S105

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_PRODUCT_ID = re.compile(r"[1-9][0-9]{0,9}")
_WORK = re.compile(r"calls=([0-9]{1,5});statements=([0-9]{1,5});rows=([0-9]{1,9})")

M = TypeVar("M", bound=BaseModel)


@dataclass(slots=True)
class Work:
    """What one answer needed so far, the work of the services it called included.

    `calls` between services; `statements` of SQL (one for each set of parameters; BEGIN and
    COMMIT are not counted); `rows` that they returned or changed.
    """

    calls: int = 0
    statements: int = 0
    rows: int = 0

    def add(self, other: Work) -> None:
        """Count what a called service did as one's own."""
        self.calls += other.calls
        self.statements += other.statements
        self.rows += other.rows

    def __str__(self) -> str:
        """Write the header's value."""
        return f"calls={self.calls};statements={self.statements};rows={self.rows}"


def read_work(sent: str | None) -> Work:
    """Read the header's value; absent or odd means none."""
    found = _WORK.fullmatch(sent) if sent else None
    return Work(*map(int, found.groups())) if found else Work()


def request_id(sent: str | None) -> str:
    """Take over a well-formed X-Request-ID, make one otherwise."""
    if sent and _REQUEST_ID.fullmatch(sent):
        return sent
    return uuid.uuid4().hex


def parse_body(model: type[M], content_type: str | None, body: bytes) -> M:
    """Read a JSON body.

    Raises BodyTooLarge (413), UnsupportedMediaType (415), MalformedJSON (400) or
    ValidationFailed (422), in this order.
    """
    if len(body) > MAX_BODY_BYTES:
        raise errors.BodyTooLarge
    if (content_type or "").split(";")[0].strip().lower() != JSON_MEDIA_TYPE:
        raise errors.UnsupportedMediaType
    try:
        return model.model_validate_json(body)
    except ValidationError as invalid:
        if invalid.errors()[0]["type"] == "json_invalid":
            raise errors.MalformedJSON from None
        raise validation_failed(invalid) from None


def parse_query(model: type[M], query_string: str | bytes) -> M:
    """Read a query string; a name given twice is refused.  Raises ValidationFailed (422)."""
    text = query_string.decode("latin-1") if isinstance(query_string, bytes) else query_string
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise errors.ValidationFailed("too many query parameters") from None
    if len({name for name, _ in pairs}) < len(pairs):
        raise errors.ValidationFailed("a query parameter is given twice")
    try:
        return model.model_validate(dict(pairs))
    except ValidationError as invalid:
        raise validation_failed(invalid) from None


def validation_failed(invalid: ValidationError) -> errors.ValidationFailed:
    """Say which fields are wrong, without repeating what was sent."""
    fields = [
        errors.FieldProblem(
            field=".".join(str(part) for part in problem["loc"]) or "body",
            message=problem["msg"],
        )
        for problem in invalid.errors(include_url=False, include_input=False)[:20]
    ]
    # Names of unknown fields come from outside: keep the document small and printable.
    safe = [
        errors.FieldProblem(field=ascii(f.field)[1:-1][:100], message=f.message[:300])
        for f in fields
    ]
    return errors.ValidationFailed(errors=safe)


def parse_product_id(text: str) -> int:
    """Read a product id from a path; what can't be one does not exist (404)."""
    if not _PRODUCT_ID.fullmatch(text) or int(text) > MAX_ID:
        raise errors.ProductNotFound
    return int(text)


def parse_order_id(text: str) -> UUID:
    """Read an order id from a path; what can't be one does not exist (404)."""
    return _uuid(text, errors.OrderNotFound)


def parse_payment_id(text: str) -> UUID:
    """Read a payment id from a path; what can't be one does not exist (404)."""
    return _uuid(text, errors.PaymentNotFound)


def _uuid(text: str, missing: type[errors.NotFound]) -> UUID:
    try:
        value = UUID(text)
    except ValueError:
        raise missing from None
    if str(value) != text:
        raise missing
    return value


def parse_idempotency_key(sent: str | None) -> str:
    """Read the Idempotency-Key header.  Raises the two 400s of their names.

    A value that is not ASCII counts as absent: a WSGI server may hand on nothing of it
    (docs/decisions/0070), and both stores must say the same.
    """
    if not sent or not sent.isascii():
        raise errors.IdempotencyKeyMissing
    if not _IDEMPOTENCY_KEY.fullmatch(sent):
        raise errors.IdempotencyKeyInvalid
    return sent


def fingerprint(model: BaseModel) -> str:
    """Hash what a request means, to tell a retry from another request under the same key."""
    return hashlib.sha256(model.model_dump_json().encode()).hexdigest()


def to_json(model: BaseModel) -> bytes:
    """Write a response body; both stores use this one path."""
    return model.__pydantic_serializer__.to_json(model)
