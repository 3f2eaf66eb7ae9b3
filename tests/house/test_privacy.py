"""Every table and column is named as what it holds of a person, and the documents say the same."""

from __future__ import annotations

import pytest
from sqlalchemy import LargeBinary

from refunddesk.db.open_matters import MatterKind
from refunddesk.db.personal_data import GOES, Treatment, personal_data
from refunddesk.db.tables import APPEND_ONLY, metadata
from refunddesk.policy.wording.catalogue import LANGUAGES
from refunddesk.services.personal_page import BEGIN, END, held_in_words
from refunddesk.services.personal_words import words
from tests.conftest import REPOSITORY

DATA = personal_data()


def test_every_table_is_about_customers_or_staff_or_says_why_it_is_about_nobody() -> None:
    named = [*DATA.tables, *DATA.staff, *DATA.nobody]
    assert sorted(named) == sorted(metadata.tables)
    assert all(DATA.staff.values())
    assert all(DATA.nobody.values())


@pytest.mark.parametrize("name", DATA.tables)
def test_every_column_of_a_table_about_customers_is_treated(name: str) -> None:
    one = DATA.tables[name]
    assert list(one.treatments) == list(one.table.columns.keys())
    assert one.kept in DATA.retention
    assert all(link.column in one.table.c for link in one.links)
    assert all(
        link.parent_column in metadata.tables[link.parent].c and link.parent in DATA.tables
        for link in one.links
    )


@pytest.mark.parametrize("name", DATA.tables)
def test_what_is_a_hash_or_the_hash_of_a_secret_is_never_handed_out(name: str) -> None:
    one = DATA.tables[name]
    binary = {column.name for column in one.table.columns if isinstance(column.type, LargeBinary)}
    assert binary & set(one.exported) <= {"body", "raw"}
    assert not {column for column in one.exported if column.endswith(("_hash", "_sealed"))}


@pytest.mark.parametrize("name", sorted(set(APPEND_ONLY) & set(DATA.tables)))
def test_what_is_never_changed_is_not_promised_to_go(name: str) -> None:
    assert not GOES & set(DATA.tables[name].treatments.values())


def test_whatever_is_one_of_a_kind_is_renamed_rather_than_emptied() -> None:
    for one in DATA.tables.values():
        for constraint in one.table.constraints:
            names = [column.name for column in getattr(constraint, "columns", [])]
            if type(constraint).__name__ == "UniqueConstraint" and not one.goes_whole:
                goes = {name: one.treatments[name] for name in names if name in one.going}
                empties = {n for n, how in goes.items() if how is Treatment.ERASED}
                assert empties == set(), f"{one.name}: {names}"


def test_every_heading_column_and_open_matter_has_its_words_in_all_languages() -> None:
    said = words()
    columns = {
        column.removesuffix("_minor") for one in DATA.tables.values() for column in one.exported
    }
    assert set(said["headings"]) == set(DATA.tables)
    assert set(said["columns"]) == columns
    assert set(said["open"]) == {kind.value for kind in MatterKind}
    assert all(
        len(texts) == len(LANGUAGES) and all(texts)
        for kind in said.values()
        for texts in kind.values()
    )


def test_the_document_tells_of_every_table_what_the_one_table_says() -> None:
    page = (REPOSITORY / "docs" / "privacy.md").read_text("utf-8")
    generated = page.partition(BEGIN)[2].partition(END)[0]
    assert generated.strip() == held_in_words().strip(), (
        "put in what `refunddesk privacy table` prints"
    )
