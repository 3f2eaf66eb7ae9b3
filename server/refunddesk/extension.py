"""The Flask extension `RefundDesk(app)`, and `create_app()` for the stand-alone server."""

from __future__ import annotations

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from refunddesk import logs
from refunddesk.db.schema import check_current
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings, read_settings
from refunddesk.web.access_log import log_requests, log_strays
from refunddesk.web.current import Desk
from refunddesk.web.mount import BLUEPRINTS
from refunddesk.wiring import open_edges


class RefundDesk:
    """Mounts Refund Desk's routes in an application, below `settings.url_prefix`.

    It takes over nothing of the host: no error handler, no hook and no cookie outside its own
    blueprints. `settings` are read from the environment where none are given; `edges` are built
    from them where none are given (tests hand in their own).
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        settings: Settings | None = None,
        edges: Edges | None = None,
    ) -> None:
        self._settings = settings
        self._edges = edges
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        settings = self._settings or read_settings()
        edges = self._edges or open_edges(settings)
        check_current(edges.database)
        app.extensions["refunddesk"] = Desk.open(settings, edges)
        if not app.secret_key:
            app.secret_key = settings.secret_key
        # One blueprint around all: the host may have a "desk" or an "api" of its own.
        mounted = Blueprint("refunddesk", __name__)
        log_requests(mounted)
        for blueprint, path in BLUEPRINTS:
            mounted.register_blueprint(blueprint, url_prefix=path)
        app.register_blueprint(mounted, url_prefix=settings.url_prefix or None)


def create_app(settings: Settings | None = None, *, edges: Edges | None = None) -> Flask:
    """The stand-alone server: an application with nothing in it but Refund Desk."""
    settings = settings or read_settings()
    logs.set_up(settings.log_format)
    app = Flask("refunddesk", static_folder=None)
    app.config.update(
        SESSION_COOKIE_NAME="refunddesk_forms",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https:"),
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        # mypy sees a method assigned to; Flask documents this very line.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    log_strays(app)
    RefundDesk(app, settings=settings, edges=edges)
    return app
