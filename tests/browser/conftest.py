"""A Chromium, the real web process, and a sandbox store that pays: what a story begins with."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from refunddesk.db import staff
from refunddesk.db.session import open_database
from refunddesk.db.staff import Role
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import stores
from refunddesk.services.edges import Edges
from refunddesk.settings import read_settings
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from tests.browser.seeing import Eyes
from tests.people import hire
from tests.selling import Shop, open_shop
from tests.serving import WebProcess, web_process
from tests.web.test_desk import password_hash


class Now:
    """The real time, which a web process of its own keeps too; nothing moves it."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    def move(self, **_: float) -> datetime:
        return self()


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk as a web process, with a store that sells and pays."""

    web: WebProcess
    shop: Shop

    @property
    def edges(self) -> Edges:
        return self.shop.edges

    @property
    def address(self) -> str:
        host, port = self.web.address
        return f"http://{host}:{port}"


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One for all stories of a module, each of which has orders and people of its own."""
    home = tmp_path_factory.mktemp("desk")
    shutil.copy(sqlite_template, home / "refunddesk.db")
    settings = read_settings(
        {
            "REFUNDDESK_HOME": str(home),
            "REFUNDDESK_SECRET_KEY": secrets.token_hex(32),
            "REFUNDDESK_SEALING_KEYS": new_key(),
            "DATABASE_URL": f"sqlite:///{home / 'refunddesk.db'}",
        }
    )
    clock = Now()
    with closing(open_database(settings.database_url)) as database:

        def make_edges(ca_file: str | None = None) -> Edges:
            def connect(access: StoreAccess) -> StoreClient:
                return StoreClient(replace(access, ca_file=ca_file, allow_private=True))

            return Edges(
                database=database,
                clock=clock,
                sealer=Sealer(settings.sealing_keys),
                connect=connect,
                random_bytes=secrets.token_bytes,
                home=settings.home,
            )

        with (
            open_shop(make_edges, clock, home / "sandbox") as shop,  # type: ignore[arg-type]
            web_process(settings) as web,
        ):
            stores.add_item_rule(
                shop.edges, shop.store_id, field="sku", value="LIC-1", item_kind="product"
            )
            yield Desk(web, shop)


@pytest.fixture(
    params=[(1280, True), (390, False)],
    ids=["wide, with scripts", "narrow, without scripts"],
)
def eyes(
    request: pytest.FixtureRequest, chromium: Browser, desk: Desk, tmp_path: Path
) -> Iterator[Eyes]:
    """A window of that width, in which every page is looked at as it opens."""
    width, has_script = request.param
    with closing(Eyes.open(chromium, desk.address, width, has_script, tmp_path)) as eyes:
        yield eyes
        eyes.judge()


@pytest.fixture
def person(desk: Desk) -> str:
    """The address of an owner with tests.web.test_desk.PASSWORD."""
    return employ(desk, Role.OWNER)


def employ(desk: Desk, role: Role) -> str:
    email = f"{role}-{secrets.token_hex(4)}@store.test"
    staff_id = hire(desk.edges, role, email)
    with desk.edges.database.write() as transaction:
        staff.set_password_hash(transaction, staff_id, password_hash())
    return email
