"""The schema goes up and down on both databases, and its books cannot be rewritten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from refunddesk.db import refunds, schema, steps, stores
from refunddesk.db.session import Database, open_database
from refunddesk.db.steps import StepKind
from refunddesk.db.tables import APPEND_ONLY, metadata
from refunddesk.services import licenses
from refunddesk.services.edges import Edges
from tests import building
from tests.asking import buy, key_of


@pytest.fixture
def filled(edges: Edges) -> Database:
    """A database in which every append-only table has a row."""
    building.grant(edges, building.add_order(edges, building.add_store(edges)))
    building.add_check(edges)
    building.add_override(edges)
    return edges.database


@pytest.fixture
def reopened(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    yield database
    database.close()


def test_the_migrations_go_up_down_and_up_again(reopened: Database) -> None:
    schema.downgrade(reopened, "base")
    assert set(inspect(reopened.engine).get_table_names()) <= {"alembic_version"}
    with pytest.raises(schema.SchemaOutdated, match="refunddesk db upgrade"):
        schema.check_current(reopened)
    schema.upgrade(reopened)
    schema.upgrade(reopened)
    schema.check_current(reopened)


def test_licences_and_their_sites_outlive_a_downgrade_and_an_upgrade(
    edges: Edges, reopened: Database
) -> None:
    order = buy(edges, building.add_store(edges))
    licenses.activate(edges, key_of(edges, order), "ada.example")
    before = _rows_of_licenses(reopened)
    schema.downgrade(reopened, "0001")
    schema.upgrade(reopened)
    assert _rows_of_licenses(reopened) == before
    assert len(before) == 2


def test_stores_that_were_joined_in_capitals_are_spelled_small_but_for_one_that_would_be_two(
    edges: Edges, reopened: Database
) -> None:
    schema.downgrade(reopened, "0018")
    urls = ("https://Shop.example/Path", "https://Twice.example", "https://twice.example")
    for url in urls:
        building.add_store(edges, url=url)
    schema.upgrade(reopened)
    with reopened.read() as transaction:
        known = [one.url for one in stores.list_stores(transaction)]
    assert known == ["https://shop.example/Path", *urls[1:]]


def test_refunds_and_what_refers_to_them_outlive_a_downgrade_and_an_upgrade(
    edges: Edges, reopened: Database
) -> None:
    order = building.add_order(edges, building.add_store(edges))
    refund = building.grant(edges, order)
    with edges.database.write() as transaction:
        steps.insert_step(transaction, refund.id, StepKind.END_LICENSE, 1, now=edges.clock())
    schema.downgrade(reopened, "0012")
    schema.upgrade(reopened)
    with reopened.read() as transaction:
        assert refunds.get_refund(transaction, refund.id) == refund
        assert len(steps.list_steps(transaction, refund.id)) == 1
    # The rules of the table came back with its rows.
    for breaks in ("request_id = NULL", "state = 'gone'", "amount_minor = 0"):
        with pytest.raises(IntegrityError), reopened.write() as transaction:
            transaction.execute(text(f"UPDATE refunds SET {breaks}"))
    with pytest.raises(IntegrityError), reopened.write() as transaction:
        transaction.execute(text("DELETE FROM refunds"))


def _rows_of_licenses(database: Database) -> list[tuple[object, ...]]:
    with database.read() as transaction:
        return [
            tuple(row)
            for table in ("licenses", "activations")
            for row in transaction.execute(metadata.tables[table].select())
        ]


def test_the_migrated_database_is_the_one_that_the_code_describes(database: Database) -> None:
    with database.read() as transaction:
        context = MigrationContext.configure(transaction, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize(
    "change",
    ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"],
    ids=["changing", "deleting"],
)
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_was_written_stays_as_it_was_written(
    filled: Database, table: str, change: str
) -> None:
    column = metadata.tables[table].columns[0].name
    statement = text(change.format(table=table, column=column))
    with (
        pytest.raises(DatabaseError, match=f"{table} is append only"),
        filled.write() as transaction,
    ):
        transaction.execute(statement)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_postgresql_does_not_empty_a_table_either(filled: Database, table: str) -> None:
    if filled.is_sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    with (
        pytest.raises(DatabaseError, match="append only"),
        filled.write() as transaction,
    ):
        transaction.execute(text(f"TRUNCATE {table} CASCADE"))
