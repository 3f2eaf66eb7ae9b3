"""The sandbox as a Flask application: the REST API, the control page, the faults in front."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from refunddesk.sandbox import (
    control,
    front,
    mails,
    rest,
    rest_bridge,
    rest_catalog,
    rest_orders,
    rest_subscriptions,
    rest_webhooks,
)
from refunddesk.sandbox.answering import Postman
from refunddesk.sandbox.store import SandboxStore


def create_sandbox_app(
    store: SandboxStore, mail_folder: Path | None = None, postman: Postman | None = None
) -> Flask:
    """The store's web server in-process. The API wants https: use `base_url="https://..."`.

    `mail_folder` holds mails as files, to be read on a page; `postman` brings answers to the desk.
    """
    app = Flask("refunddesk.sandbox", static_url_path="/sandbox/static")
    app.url_map.strict_slashes = False
    front.install(app, store)
    rest.install(app, store)
    rest_orders.install(app, store)
    rest_subscriptions.install(app, store)
    rest_catalog.install(app, store)
    rest_bridge.install(app, store)
    rest_webhooks.install(app, store)
    control.install(app, store)
    mails.install(app, store, mail_folder, postman)
    return app
