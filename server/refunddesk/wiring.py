"""Builds the edges a process works with from its settings; used by the composition roots only."""

from __future__ import annotations

import secrets
from dataclasses import replace

from refunddesk import clock
from refunddesk.compat.surface import WOOCOMMERCE, WORDPRESS
from refunddesk.db.session import open_database
from refunddesk.feeds.client import ReleaseFeeds
from refunddesk.sealing import Sealer
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.version import __version__
from refunddesk.woocommerce.client import StoreAccess, StoreClient


def open_edges(settings: Settings) -> Edges:
    """The edges of a real process: the clock on the wall, the database and the stores named."""
    ca_file = str(settings.store_ca_file) if settings.store_ca_file else None

    def connect(access: StoreAccess) -> StoreClient:
        return StoreClient(
            replace(access, ca_file=ca_file, allow_private=settings.allow_private_stores)
        )

    return Edges(
        database=open_database(settings.database_url),
        clock=clock.now,
        sealer=Sealer(settings.sealing_keys),
        connect=connect,
        random_bytes=secrets.token_bytes,
        home=settings.home,
        feeds=_feeds(settings),
    )


def _feeds(settings: Settings) -> ReleaseFeeds:
    addresses = {WORDPRESS: settings.wordpress_feed, WOOCOMMERCE: settings.woocommerce_feed}
    contact = settings.contact or settings.public_url
    return ReleaseFeeds(
        {product: address for product, address in addresses.items() if address},
        candidates=settings.release_candidates,
        user_agent=f"RefundDesk/{__version__} (+{contact})",
        monotonic=clock.monotonic,
    )
