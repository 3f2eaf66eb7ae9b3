"""One log line for each request: which route, which answer, how long; never what was asked."""

from __future__ import annotations

import structlog
from flask import Blueprint, Flask, Response, g, request

from refunddesk import clock

log = structlog.get_logger(__name__)


def log_requests(mounted: Blueprint) -> None:
    """Log the requests that the blueprint's routes take."""
    mounted.before_request(_begin)
    mounted.after_request(_tell)


def log_strays(app: Flask) -> None:
    """Log the requests that no route takes: a store may be delivering to a wrong address."""

    @app.after_request
    def tell_stray(response: Response) -> Response:
        if not request.blueprints:
            log.info("request", method=request.method, route=None, status=response.status_code)
        return response


def _begin() -> None:
    g.refunddesk_began = clock.monotonic()


def _tell(response: Response) -> Response:
    ended = clock.monotonic()
    # A host application may answer by itself before our part begins.
    took_ms = (ended - g.get("refunddesk_began", ended)) * 1000
    log.info(
        "request",
        method=request.method,
        # The route, not the path: a path holds ids, and those of endpoints are not to be guessed.
        route=str(request.url_rule),
        status=response.status_code,
        ms=round(took_ms, 1),
    )
    return response
