"""HTTP of the accounts domain."""

from flask import Blueprint, Response

from contract import models
from monolith.accounts import operations
from monolith.border import answer, body
from monolith.store import store

accounts = Blueprint("accounts", __name__)


@accounts.post("/api/accounts")
def register_account() -> Response:
    new = body(models.AccountCreate)
    return answer(operations.register_account(store().database, new), 201)


@accounts.post("/api/sessions")
def sign_in() -> Response:
    credentials = body(models.SessionCreate)
    return answer(
        operations.sign_in(store().database, store().settings.signing_key, credentials), 201)
