"""`/healthz` for monitors and `/readyz` for load balancers."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from refunddesk import embedded_queue
from refunddesk.services import health
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@guard(By.NOBODY)
def healthz() -> ResponseReturnValue:
    """200 while every part does its work, else 503; the body names the parts."""
    found = _check()
    return _parts(found), 200 if found.works else 503


@blueprint.get("/readyz")
@guard(By.NOBODY)
def readyz() -> ResponseReturnValue:
    """200 while deliveries are kept safely here.

    WooCommerce does not deliver twice: without its queue or database this server must still get
    them, since all it keeps is worked through later.
    """
    found = _check()
    return _parts(found), 200 if found.receives else 503


def _check() -> health.Health:
    mounted = desk()
    return health.check(mounted.edges, lambda: embedded_queue.answers(mounted.settings.redis_url))


def _parts(found: health.Health) -> dict[str, object]:
    left = found.dispatcher_leads_until
    return {
        "database": found.database,
        "schema": found.schema,
        "queue": found.queue,
        "dispatcher": found.dispatcher,
        "dispatcher_lease_seconds": int((left - found.at).total_seconds()) if left else None,
    }
