"""The list of all blueprints, each with its path below the prefix."""

from __future__ import annotations

from flask import Blueprint

from refunddesk.web import health, metrics
from refunddesk.web.account import account
from refunddesk.web.api import api
from refunddesk.web.bridge import bridge
from refunddesk.web.bridge_privacy import privacy
from refunddesk.web.desk import desk_pages
from refunddesk.web.hooks import hooks
from refunddesk.web.licenses import licenses
from refunddesk.web.mails import mails
from refunddesk.web.owner import owner
from refunddesk.web.policies import policies
from refunddesk.web.portal import portal

BLUEPRINTS: tuple[tuple[Blueprint, str], ...] = (
    (hooks, "/hooks"),
    (bridge, "/bridge"),
    (account, "/bridge"),
    (owner, "/bridge"),
    (privacy, "/bridge"),
    (desk_pages, "/desk"),
    (api, "/api"),
    (licenses, "/licenses"),
    (policies, "/policies"),
    (portal, "/my"),
    (mails, "/mails"),
    (health.blueprint, ""),
    (metrics.blueprint, ""),
)
