"""What the use cases touch the world with, built once in a composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from refunddesk.clock import Clock
from refunddesk.compat.smoke.both import Workshop
from refunddesk.db.retention import KEPT_AS_USUAL, Retention
from refunddesk.db.session import Database
from refunddesk.feeds.client import NO_FEEDS, ReleaseFeeds
from refunddesk.mail.mailbox import NO_MAIL_IN, MailIn
from refunddesk.mail.sending import Mail
from refunddesk.sealing import Sealer
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from refunddesk.woocommerce.site_probe import SiteAnswer, probe_site


@dataclass(frozen=True, slots=True)
class Edges:
    """`connect` opens a store's REST API; `random_bytes(n)` gives n unguessable bytes.

    `home` is the folder for what must not lie in the database itself, `feeds` where new releases
    of WordPress and WooCommerce are heard of. `mail` None: no mail is sent, and what would have
    been is kept as such; `mail_in` is where answers come in. `probe_site` looks whether a
    customer's site is still there. `workshop` is what booting plugins takes; None: they are read
    only. `vault` is the folder for the keys of customers' credentials, None: one in `home`; none of
    these outlives `credential_life`.
    """

    database: Database
    clock: Clock
    sealer: Sealer
    connect: Callable[[StoreAccess], StoreClient]
    random_bytes: Callable[[int], bytes]
    home: Path
    feeds: ReleaseFeeds = NO_FEEDS
    mail: Mail | None = None
    mail_in: MailIn = NO_MAIL_IN
    probe_site: Callable[[str], SiteAnswer] = field(default=probe_site)
    workshop: Workshop | None = None
    vault: Path | None = None
    credential_life: timedelta = timedelta(days=14)
    retention: Retention = KEPT_AS_USUAL
