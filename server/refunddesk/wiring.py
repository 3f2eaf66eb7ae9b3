"""Builds the edges a process works with from its settings; used by the composition roots only."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import cast

from refunddesk import clock
from refunddesk.compat.smoke.both import Workshop
from refunddesk.compat.surface import WOOCOMMERCE, WORDPRESS
from refunddesk.db.retention import Retention
from refunddesk.db.session import open_database
from refunddesk.feeds.client import ReleaseFeeds
from refunddesk.mail.letter import Sender
from refunddesk.mail.mailbox import MailboxAccess, MailIn, open_mailbox
from refunddesk.mail.sending import (
    Mail,
    MailServer,
    Security,
    into_folder,
    not_probed,
    probe_server,
    through_server,
)
from refunddesk.sealing import Sealer
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.version import __version__
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from refunddesk.woocommerce.site_probe import probe_site


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
        probe_site=partial(probe_site, allow_private=settings.allow_private_stores),
        mail=_mail(settings),
        mail_in=_mail_in(settings),
        feeds=_feeds(settings),
        workshop=_workshop(settings),
        vault=settings.vault,
        credential_life=timedelta(days=settings.credential_days),
        retention=_retention(settings),
    )


def _retention(settings: Settings) -> Retention:
    return Retention(
        deliveries=timedelta(days=settings.keep_deliveries_days),
        quarantined=timedelta(days=settings.keep_quarantined_days),
        cases=timedelta(days=settings.keep_cases_days),
        notices=timedelta(days=settings.keep_notices_days),
        sessions=timedelta(days=settings.keep_sessions_days),
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


def _mail(settings: Settings) -> Mail | None:
    if settings.mail_folder:
        send, probe = into_folder(settings.mail_folder), not_probed
    elif settings.mail_server:
        host, _, port = settings.mail_server.rpartition(":")
        server = MailServer(
            host.strip("[]"),
            int(port),
            cast(Security, settings.mail_security),
            settings.mail_user,
            settings.mail_password,
            settings.mail_ca_file,
            own_name=settings.public_host,
        )
        send, probe = through_server(server), probe_server(server)
    else:
        return None
    desk_url = f"{settings.public_url}{settings.url_prefix}"
    return Mail(Sender(settings.mail_from), send, desk_url, probe)


def _mail_in(settings: Settings) -> MailIn:
    mailbox = None
    if settings.imap_server:
        host, _, port = settings.imap_server.rpartition(":")
        access = MailboxAccess(
            host.strip("[]"),
            int(port),
            cast(Security, settings.imap_security),
            settings.imap_user,
            settings.imap_password,
            settings.imap_folder,
            settings.imap_ca_file,
        )
        mailbox = open_mailbox(access)
    return MailIn(settings.mail_reply_to, settings.mail_receiver, mailbox)


def _workshop(settings: Settings) -> Workshop | None:
    if settings.sqlite_drop_in is None:
        return None
    return Workshop(settings.home / "booted", settings.sqlite_drop_in, settings.php)
