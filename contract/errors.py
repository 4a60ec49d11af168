"""The error tree of both stores, and its RFC 9457 problem documents.

    StoreError                        code                      status
    ├── BadRequest
    │   ├── MalformedJSON             malformed_json            400
    │   ├── IdempotencyKeyMissing     idempotency_key_missing   400
    │   ├── IdempotencyKeyInvalid     idempotency_key_invalid   400
    │   ├── BodyTooLarge              body_too_large            413
    │   ├── UnsupportedMediaType      unsupported_media_type    415
    │   ├── ValidationFailed          validation_failed         422
    │   └── IdempotencyKeyReused      idempotency_key_reused    422
    ├── Unauthenticated
    │   ├── TokenMissing              token_missing             401
    │   ├── TokenInvalid              token_invalid             401
    │   ├── TokenExpired              token_expired             401
    │   └── CredentialsWrong          credentials_wrong         401
    ├── CardDeclined                  card_declined             402
    ├── RoleForbidden                 role_forbidden            403
    ├── NotFound
    │   ├── RouteNotFound             route_not_found           404
    │   ├── ProductNotFound           product_not_found         404
    │   ├── CategoryNotFound          category_not_found        404
    │   ├── OrderNotFound             order_not_found           404
    │   └── PaymentNotFound           payment_not_found         404
    ├── MethodNotAllowed              method_not_allowed        405
    ├── Conflict
    │   ├── EmailTaken                email_taken               409
    │   ├── CartEmpty                 cart_empty                409
    │   ├── CartFull                  cart_full                 409
    │   ├── OutOfStock                out_of_stock              409
    │   └── CheckoutInProgress        checkout_in_progress      409
    ├── InternalError                 internal_error            500
    └── Unavailable
        ├── BankUnavailable           bank_unavailable          503
        ├── DependencyUnavailable     dependency_unavailable    503
        └── DatabaseUnavailable       database_unavailable      503

The proxy in front of both stores answers in the same form when it must answer itself:
`malformed_request` (400 and others), `request_timeout` (408), `body_too_large` (413),
`headers_too_large` (431), `upstream_unavailable` (503) and `upstream_timeout` (504).

Operations raise these; one handler per store turns them into a response.  A *code* never
changes its meaning and is what clients branch on; *detail* is for people.
"""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"


class FieldProblem(BaseModel):
    """One invalid field: where it is and what is wrong with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details, extended by a stable `code` and the request's id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] = []


class StoreError(Exception):
    """Anything a store answers with other than success."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str | None = None, errors: list[FieldProblem] | None = None) -> None:
        self.detail = detail or self.title
        self.errors = errors or []
        super().__init__(self.detail)

    def problem(self, request_id: str) -> Problem:
        """Return the document that describes this error to the client."""
        return Problem(
            type=f"urn:twinstore:problem:{self.code}",
            title=self.title,
            status=self.status,
            detail=self.detail,
            code=self.code,
            request_id=request_id,
            errors=self.errors,
        )


class BadRequest(StoreError):
    """The request can't be understood or isn't acceptable as it stands."""

    status = 400


class MalformedJSON(BadRequest):
    code = "malformed_json"
    title = "The body is not valid JSON"


class IdempotencyKeyMissing(BadRequest):
    code = "idempotency_key_missing"
    title = "The header Idempotency-Key is required"


class IdempotencyKeyInvalid(BadRequest):
    code = "idempotency_key_invalid"
    title = "The header Idempotency-Key must be 1 to 255 visible ASCII characters"


class BodyTooLarge(BadRequest):
    code = "body_too_large"
    status = 413
    title = "The body is larger than 1 MiB"


class UnsupportedMediaType(BadRequest):
    code = "unsupported_media_type"
    status = 415
    title = "The body must be application/json"


class ValidationFailed(BadRequest):
    code = "validation_failed"
    status = 422
    title = "The request has invalid fields"


class IdempotencyKeyReused(BadRequest):
    code = "idempotency_key_reused"
    status = 422
    title = "This Idempotency-Key was used with another body"


class Unauthenticated(StoreError):
    """Nobody is signed in, or not credibly."""

    status = 401


class TokenMissing(Unauthenticated):
    code = "token_missing"
    title = "A bearer token is required"


class TokenInvalid(Unauthenticated):
    code = "token_invalid"
    title = "The token is not valid"


class TokenExpired(Unauthenticated):
    code = "token_expired"
    title = "The token has expired"


class CredentialsWrong(Unauthenticated):
    code = "credentials_wrong"
    title = "E-mail address or password is wrong"


class CardDeclined(StoreError):
    code = "card_declined"
    status = 402
    title = "The bank declined the card"


class RoleForbidden(StoreError):
    code = "role_forbidden"
    status = 403
    title = "This needs another role"


class NotFound(StoreError):
    """There is no such thing, or it is somebody else's."""

    status = 404


class RouteNotFound(NotFound):
    code = "route_not_found"
    title = "There is nothing at this address"


class ProductNotFound(NotFound):
    code = "product_not_found"
    title = "There is no such product"


class CategoryNotFound(NotFound):
    code = "category_not_found"
    title = "There is no such category"


class OrderNotFound(NotFound):
    code = "order_not_found"
    title = "There is no such order"


class PaymentNotFound(NotFound):
    code = "payment_not_found"
    title = "There is no such payment"


class MethodNotAllowed(StoreError):
    code = "method_not_allowed"
    status = 405
    title = "This address does not take this method"


class Conflict(StoreError):
    """The request is fine, but not in the present state."""

    status = 409


class EmailTaken(Conflict):
    code = "email_taken"
    title = "An account with this e-mail address exists"


class CartEmpty(Conflict):
    code = "cart_empty"
    title = "The cart is empty"


class CartFull(Conflict):
    code = "cart_full"
    title = "The cart holds the greatest number of different products"


class OutOfStock(Conflict):
    code = "out_of_stock"
    title = "There is not enough stock"


class CheckoutInProgress(Conflict):
    code = "checkout_in_progress"
    title = "A checkout of this customer is still running"


class InternalError(StoreError):
    """A defect of ours; the detail never says more than that."""


class Unavailable(StoreError):
    """Something this store needs can't answer now; nothing was charged or will be undone."""

    status = 503


class BankUnavailable(Unavailable):
    code = "bank_unavailable"
    title = "The bank does not answer"


class DependencyUnavailable(Unavailable):
    code = "dependency_unavailable"
    title = "A part of the shop does not answer"


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
    title = "The database does not answer"


def _concrete(root: type[StoreError]) -> list[type[StoreError]]:
    found = [root] if "code" in vars(root) and root is not StoreError else []
    return found + [leaf for child in root.__subclasses__() for leaf in _concrete(child)]


BY_CODE: Final[dict[str, type[StoreError]]] = {
    InternalError.code: InternalError,
    **{error.code: error for error in _concrete(StoreError)},
}


def from_problem(body: bytes) -> StoreError | None:
    """Turn a problem document of another service back into its error; None if it is none."""
    try:
        problem = Problem.model_validate_json(body)
    except ValueError:
        return None
    error = BY_CODE.get(problem.code)
    return error(problem.detail, problem.errors) if error else None
