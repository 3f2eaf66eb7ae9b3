"""Licences of another program are taken over from a file: all of them, or none and every reason."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import Connection, select

from refunddesk.db import licenses as rows
from refunddesk.db.licenses import License
from refunddesk.db.orders import Order
from refunddesk.db.tables import history
from refunddesk.db.tables import licenses as license_table
from refunddesk.services import license_import, licenses, staging
from refunddesk.services.claims import build_claim
from refunddesk.services.edges import Edges
from refunddesk.services.license_import import Imported, LicensesNotImported, import_licenses
from refunddesk.services.stores import NoSuchStore
from tests.asking import PORTAL, buy, key_of, until_it_waits
from tests.building import add_store

only_postgres = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
once = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

KEY = "WXYZ-7742-ab3c-99Q0-k7m2"
OTHER = "f3b1c2d4e5a6978812345678deadbeef"
HEADER = "key,product,sites_limit,order,expires_at,sites\n"


def take(edges: Edges, store_id: int, *lines: str, dry_run: bool = False) -> Imported:
    content = (HEADER + "\n".join(lines)).encode()
    return import_licenses(edges, store_id, content, dry_run=dry_run)


def all_licenses(edges: Edges) -> list[License]:
    with edges.database.read() as transaction:
        ids = transaction.scalars(select(license_table.c.id).order_by(license_table.c.id)).all()
        found = [rows.find_license(transaction, one) for one in ids]
    return [license for license in found if license]


def test_a_licence_of_another_program_goes_on_under_its_key_and_its_sites(edges: Edges) -> None:
    store_id = add_store(edges)
    done = take(edges, store_id, f"{KEY},crm-portal,2,,2027-03-31,ada.example dev.ada.example")
    assert done == Imported(issued=1, known=0, taken_up=0, sites=2)
    (license,) = all_licenses(edges)
    assert (license.product, license.sites_limit, license.key_ends_with) == (
        "crm-portal",
        2,
        "k7m2",
    )
    # The day named still counts.
    assert license.expires_at is not None
    assert license.expires_at.isoformat() == "2027-04-01T00:00:00+00:00"
    # The staging site takes no place, and a site that was on gets its token when it asks.
    again = licenses.activate(edges, KEY.lower(), "https://ada.example")
    assert (again.sites, again.sites_limit) == (1, 2)
    assert licenses.activate(edges, KEY, "bob.example").sites == 2


def test_the_same_file_again_changes_nothing(edges: Edges) -> None:
    store_id = add_store(edges)
    line = f"{KEY},crm-portal,2,,,ada.example"
    take(edges, store_id, line)
    before = all_licenses(edges)
    assert take(edges, store_id, line) == Imported(issued=0, known=1, taken_up=0, sites=0)
    assert all_licenses(edges) == before


def test_a_site_switched_off_since_is_not_switched_on_by_the_same_file(edges: Edges) -> None:
    store_id = add_store(edges)
    line = f"{KEY},crm-portal,2,,,ada.example"
    take(edges, store_id, line)
    licenses.deactivate(edges, licenses.activate(edges, KEY, "ada.example").token)
    assert take(edges, store_id, line).sites == 0
    with edges.database.read() as transaction:
        assert rows.list_active(transaction, [all_licenses(edges)[0].id]) == []


def test_a_dry_run_says_the_same_and_keeps_nothing(edges: Edges) -> None:
    store_id = add_store(edges)
    line = f"{KEY},crm-portal,2,,,ada.example"
    assert take(edges, store_id, line, dry_run=True) == take(edges, store_id, line)
    assert len(all_licenses(edges)) == 1


def test_one_bad_line_keeps_all_lines_out_and_every_bad_line_is_told(edges: Edges) -> None:
    store_id = add_store(edges)
    with pytest.raises(LicensesNotImported) as refused:
        take(
            edges,
            store_id,
            f"{KEY},crm-portal,2,,,",
            "",
            "short,crm-portal,1,,,",
            f"{OTHER},crm-portal,none,,,",
            f"{KEY.lower()},crm-portal,2,,,",
        )
    told = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in told[1:]] == ["line 4", "line 5", "line 6"]
    assert "that of line 2" in told[3]
    assert all_licenses(edges) == []


@once
@pytest.mark.parametrize(
    ("line", "because"),
    [
        pytest.param("short,crm,1,,,", "from 16 to 200", id="a key that can be guessed"),
        pytest.param("a" * 32 + ",crm,1,,,", "repeats", id="a key of one letter"),
        pytest.param("\u0430" * 32 + ",crm,1,,,", "characters that no key", id="a key in Cyrillic"),
        pytest.param(f"{KEY},,1,,,", "product", id="no product"),
        pytest.param(f"{KEY},crm,0,,,", "from 1 to", id="a licence for no site"),
        pytest.param(f"{KEY},crm,1.5,,,", "whole number", id="one site and a half"),
        pytest.param(f"{KEY},crm,1,x,,", "order must", id="an order that is no number"),
        pytest.param(f"{KEY},crm,1,,31.03.2027,", "expires_at", id="a day in another spelling"),
        pytest.param(f"{KEY},crm,1,,2027-03-31T10:00:00,", "expires_at", id="a time of no zone"),
        pytest.param(f"{KEY},crm,1,,,a..b", "not the address", id="no site"),
        pytest.param(f"{KEY},crm,1,,,{'a' * 5000}", "at most 2000", id="5 000 characters"),
        pytest.param(f"{KEY},crm,1,,,a.example b.example", "names 2 sites", id="too many sites"),
        pytest.param(f"{KEY},crm,1,,", "5 cells", id="a cell too few"),
        pytest.param(f'{KEY},"crm,1,,,', "line 2", id="a quote that never ends"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_reason(edges: Edges, line: str, because: str) -> None:
    with pytest.raises(LicensesNotImported, match=f"line 2.*{because}|line 2: .*unexpected end"):
        take(edges, add_store(edges), line)


@once
@pytest.mark.parametrize(
    ("content", "because"),
    [
        pytest.param(b"", "line 1: the columns", id="an empty file"),
        pytest.param(b"key,product\n", "line 1: the columns", id="a column too few"),
        pytest.param(b"key,product,sites_limit,owner\n", "line 1: the columns", id="one unknown"),
        pytest.param(b"key,product,sites_limit\n\xff", "line 2: it is not UTF-8", id="no UTF-8"),
    ],
)
def test_a_file_that_is_none_is_told_by_line(edges: Edges, content: bytes, because: str) -> None:
    with pytest.raises(LicensesNotImported, match=because):
        import_licenses(edges, add_store(edges), content, dry_run=False)


def test_a_key_known_for_something_else_is_a_bad_line(edges: Edges) -> None:
    store_id = add_store(edges)
    take(edges, store_id, f"{KEY},crm-portal,2,,,")
    for line in (f"{KEY},crm-mobile,2,,,", f"{KEY},crm-portal,2,7,,"):
        with pytest.raises(LicensesNotImported, match="is known already"):
            take(edges, store_id, line)
    with pytest.raises(LicensesNotImported, match="another store"):
        take(edges, add_store(edges, url="https://b.test"), f"{KEY},crm-portal,2,,,")


def test_no_store_no_import(edges: Edges) -> None:
    with pytest.raises(NoSuchStore):
        take(edges, 7, f"{KEY},crm-portal,1,,,")


def test_the_key_a_customer_holds_replaces_the_one_nobody_was_given(edges: Edges) -> None:
    store_id = add_store(edges)
    buy(edges, store_id)
    done = take(edges, store_id, f"{KEY},crm-portal,3,1001,,ada.example")
    assert (done.issued, done.taken_up) == (0, 1)
    (license,) = all_licenses(edges)
    assert (license.sites_limit, license.woo_order_id) == (3, 1001)
    assert licenses.activate(edges, KEY, "bob.example").sites == 2
    assert take(edges, store_id, f"{KEY},crm-portal,3,1001,,ada.example").known == 1


def test_a_licence_in_use_under_our_key_is_not_given_another(edges: Edges) -> None:
    store_id = add_store(edges)
    order = buy(edges, store_id)
    licenses.activate(edges, key_of(edges, order), "ada.example")
    with pytest.raises(LicensesNotImported, match="another key that is in use"):
        take(edges, store_id, f"{KEY},crm-portal,3,1001,,")
    with pytest.raises(LicensesNotImported, match="has no line of the product 'crm-mobile'"):
        take(edges, store_id, f"{KEY},crm-mobile,3,1001,,")


def test_an_imported_licence_is_taken_up_by_its_order_when_that_is_heard_of(edges: Edges) -> None:
    store_id = add_store(edges)
    take(edges, store_id, f"{KEY},crm-portal,3,1001,,ada.example")
    order = buy(edges, store_id, PORTAL)
    (license,) = all_licenses(edges)
    assert license.order_id == order.id
    assert licenses.activate(edges, KEY, "bob.example").sites == 2


def test_nobody_knows_since_when_an_imported_licence_is_used(edges: Edges) -> None:
    def used_from(order: Order) -> set[datetime | None]:
        with edges.database.read() as transaction:
            claim = build_claim(transaction, None, order, edges.clock(), lock=False)
        return {claim.order.activated_at, claim.order.first_used_at}

    store_id = add_store(edges)
    take(edges, store_id, f"{KEY},crm-portal,3,1001,,ada.example")
    imported = buy(edges, store_id, PORTAL)
    licenses.activate(edges, KEY, "bob.example")
    ours = buy(edges, store_id, PORTAL, woo_order_id=1002, email="eve@example.com")
    licenses.activate(edges, key_of(edges, ours), "eve.example")
    assert used_from(imported) == {None}
    assert used_from(ours) == {edges.clock()}


@only_postgres
def test_a_site_that_switches_itself_on_while_its_file_is_imported_takes_one_place(
    edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_id = add_store(edges)
    take(edges, store_id, f"{KEY},crm-portal,1,,,")
    (license,) = all_licenses(edges)
    look, meanwhile = rows.list_sites_ever_on, []

    def look_and_be_overtaken(transaction: Connection, license_id: int) -> set[str]:
        found = look(transaction, license_id)
        action = partial(licenses.activate, edges, KEY, "ada.example")
        meanwhile.append(until_it_waits(edges, action))
        return found

    monkeypatch.setattr(rows, "list_sites_ever_on", look_and_be_overtaken)
    assert take(edges, store_id, f"{KEY},crm-portal,1,,,ada.example").sites == 1
    assert meanwhile[0].result().sites == 1
    with edges.database.read() as transaction:
        assert [one.site for one in rows.list_active(transaction, [license.id])] == ["ada.example"]


def test_neither_keys_nor_sites_of_the_file_stand_in_the_audit_log(edges: Edges) -> None:
    take(edges, add_store(edges), f"{KEY},crm-portal,3,1001,,ada.example")
    with edges.database.read() as transaction:
        kept = [str(list(row)) for row in transaction.execute(select(history))]
    assert len(kept) == 1
    assert "ada.example" not in kept[0]
    assert "ab3c" not in kept[0].lower()


def test_the_stores_own_staging_sites_take_no_place_either(edges: Edges) -> None:
    store_id = add_store(edges)
    take(edges, store_id, f"{KEY},crm-portal,1,,,ada.example")
    with pytest.raises(licenses.SitesLimitReached):
        licenses.activate(edges, KEY, "shop7.ada-hosting.example")
    assert staging.add_pattern(edges, store_id, " *.ADA-hosting.example ") == (
        "*.ada-hosting.example"
    )
    on = licenses.activate(edges, KEY, "shop7.ada-hosting.example")
    assert (on.is_staging, on.sites) == (True, 1)
    assert staging.list_patterns(edges, store_id) == ["*.ada-hosting.example"]
    staging.drop_pattern(edges, store_id, "*.ada-hosting.example")
    with pytest.raises(staging.NoSuchPattern):
        staging.drop_pattern(edges, store_id, "*.ada-hosting.example")
    # It counts once it switches itself on again, and then there is no room.
    with pytest.raises(licenses.SitesLimitReached):
        licenses.activate(edges, KEY, "shop7.ada-hosting.example")


def test_what_was_told_of_a_thousand_lines_ends_with_how_many_there_are(edges: Edges) -> None:
    lines = ["short,crm,1,,,"] * (license_import._MOST_PROBLEMS + 5)
    with pytest.raises(LicensesNotImported, match="and 5 more lines"):
        take(edges, add_store(edges), *lines)
