"""The process of payments: answers, and tells the bank what must be voided or refunded."""

from fastapi import FastAPI

from microservices.payments.bank import Bank
from microservices.payments.operations import resume_payments
from microservices.payments.routes import internal, payments
from microservices.peers import Transport
from microservices.service import Chore, make_app, make_service
from microservices.settings import Settings, read_settings


def create_app(settings: Settings | None = None, transport: Transport | None = None) -> FastAPI:
    """Make the application.  Without settings, they are read from the environment."""
    settings = settings or read_settings("payments")
    service = make_service(settings, transport)
    bank = Bank(settings.bank_url, settings.bank_deadline_s, settings.bank_calls)
    resume = Chore(settings.resume_every_s, lambda: resume_payments(service.database, bank))
    app = make_app(settings, [payments, internal], service, chores=[resume], closing=[bank.close])
    app.state.bank = bank
    return app
