"""What one types to let people and programs in, and to look after settings and database."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from refunddesk.cli import main
from refunddesk.cli.serve import serving_options
from refunddesk.db import staff as people
from refunddesk.services import staff, tokens
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings, read_settings

ADD = ("staff", "add", "--email", "Olga@store.test", "--name", "Olga", "--role", "approver")


@pytest.fixture
def surroundings(
    settings: Settings, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment of a terminal in which the commands are typed."""
    told = {
        "REFUNDDESK_HOME": str(tmp_path),
        "REFUNDDESK_SECRET_KEY": settings.secret_key,
        "REFUNDDESK_SEALING_KEYS": settings.sealing_keys[0],
        "DATABASE_URL": make_url(database_url).render_as_string(hide_password=False),
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)


def type_in(*words: str, entered: str | None = None) -> Result:
    return CliRunner().invoke(main, words, input=entered)


def password_in(result: Result) -> str:
    found = re.search(r"shown this once: (\S+)", result.output)
    assert found, result.output
    return found[1]


@pytest.mark.usefixtures("surroundings")
def test_a_new_person_gets_a_password_that_opens_the_desk(edges: Edges) -> None:
    added = type_in(*ADD)
    assert added.exit_code == 0
    assert staff.sign_in(edges, "olga@store.test", password_in(added))
    listed = type_in("staff", "list")
    assert "olga@store.test  approver  Olga" in listed.output


@pytest.mark.usefixtures("surroundings")
def test_a_password_may_be_given_and_is_then_not_shown(edges: Edges) -> None:
    added = type_in(*ADD, "--ask-password", entered="a long and silly password\n")
    assert added.exit_code == 0
    assert "silly" not in added.output
    assert staff.sign_in(edges, "olga@store.test", "a long and silly password")


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(
    ("length", "taken"),
    [(11, False), (12, True), (256, True), (257, False)],
    ids=["one too short", "just long enough", "the longest", "one too long"],
)
def test_a_password_has_a_length_that_is_one(edges: Edges, length: int, taken: bool) -> None:
    added = type_in(*ADD, "--ask-password", entered="p" * length + "\n")
    assert (added.exit_code == 0) is taken
    with edges.database.read() as transaction:
        assert len(people.list_staff(transaction)) == taken


@pytest.mark.usefixtures("surroundings")
def test_nobody_is_added_twice() -> None:
    assert type_in(*ADD).exit_code == 0
    again = type_in(*ADD)
    assert again.exit_code == 1
    assert again.output.startswith("Error: Olga@store.test is at the desk already")


@pytest.mark.usefixtures("surroundings")
def test_a_new_password_takes_the_place_of_the_old_one(edges: Edges) -> None:
    old = password_in(type_in(*ADD))
    new = password_in(type_in("staff", "password", "olga@store.test"))
    with pytest.raises(staff.SignInRefused):
        staff.sign_in(edges, "olga@store.test", old)
    assert staff.sign_in(edges, "olga@store.test", new)


@pytest.mark.usefixtures("surroundings")
def test_a_token_opens_until_its_person_leaves(edges: Edges) -> None:
    type_in(*ADD)
    made = CliRunner().invoke(main, ["staff", "token", "olga@store.test", "nightly export"])
    token = made.stdout.strip()
    bearer = tokens.find_bearer(edges, token)
    assert bearer
    assert bearer.role == "approver"
    assert type_in("staff", "disable", "olga@store.test").exit_code == 0
    assert tokens.find_bearer(edges, token) is None
    assert "left" in type_in("staff", "list").output


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(
    "words",
    [("password", "nobody@store.test"), ("disable", "nobody@store.test")],
    ids=["a password", "a farewell"],
)
def test_nobody_gets(words: tuple[str, ...]) -> None:
    result = type_in("staff", *words)
    assert result.exit_code == 1
    assert "Nobody at the desk has the address nobody@store.test" in result.output


@pytest.mark.usefixtures("surroundings")
def test_the_database_says_whether_it_fits_the_program(edges: Edges) -> None:
    assert type_in("db", "check").exit_code == 0
    with edges.database.write() as transaction:
        transaction.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    outdated = type_in("db", "check")
    assert outdated.exit_code == 1
    assert "run `refunddesk db upgrade`" in outdated.output


def test_a_gap_in_the_settings_is_told_and_not_thrown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUNDDESK_HOME", str(tmp_path))
    monkeypatch.delenv("REFUNDDESK_SECRET_KEY", raising=False)
    monkeypatch.delenv("REFUNDDESK_SEALING_KEYS", raising=False)
    checked = type_in("settings", "check")
    assert checked.exit_code == 1
    assert "REFUNDDESK_SECRET_KEY is not set" in checked.output
    assert "REFUNDDESK_SEALING_KEYS is not set" in checked.output


def test_a_new_key_is_fit_for_sealing() -> None:
    assert Fernet(type_in("settings", "new-key").output.strip())


def test_every_command_tells_what_it_does() -> None:
    for name in main.list_commands(None):  # type: ignore[arg-type]
        helped = type_in(name, "--help")
        assert helped.exit_code == 0
        assert len(helped.output.splitlines()[2].strip()) > 10, name


def test_forwarded_headers_are_only_passed_on_behind_a_proxy_that_is_trusted() -> None:
    secrets = {
        "REFUNDDESK_SECRET_KEY": "s" * 32,
        "REFUNDDESK_SEALING_KEYS": Fernet.generate_key().decode(),
    }
    alone = read_settings(secrets)
    assert serving_options(alone)["clear_untrusted_proxy_headers"]
    assert not serving_options(replace(alone, trusted_proxies=1))["clear_untrusted_proxy_headers"]
