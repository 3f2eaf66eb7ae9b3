"""Settings are complete or not at all, and never show a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from refunddesk import setting_values
from refunddesk.sealing import SealBroken, Sealer, new_key
from refunddesk.settings import SettingsIncomplete, read_file, read_settings

SECRETS = {"REFUNDDESK_SECRET_KEY": "s" * 32, "REFUNDDESK_SEALING_KEYS": new_key()}


def test_two_secrets_are_enough_to_start(tmp_path: Path) -> None:
    settings = read_settings(SECRETS | {"REFUNDDESK_HOME": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/refunddesk.db"
    assert settings.redis_url == f"unix://{tmp_path}/queue.sock"
    assert (settings.host, settings.port) == ("127.0.0.1", 8321)
    assert settings.trusted_proxies == 0
    assert not settings.allow_private_stores


def test_the_vault_is_in_the_home_unless_it_is_put_elsewhere(tmp_path: Path) -> None:
    home = SECRETS | {"REFUNDDESK_HOME": str(tmp_path)}
    assert read_settings(home).vault == tmp_path / "vault"
    assert read_settings(home | {"REFUNDDESK_VAULT": "/keys"}).vault == Path("/keys")
    for days in (1, 30):
        assert (
            read_settings(home | {"REFUNDDESK_CREDENTIAL_DAYS": str(days)}).credential_days == days
        )
    assert read_settings(home).credential_days == 14


def test_every_gap_is_named_at_once() -> None:
    with pytest.raises(SettingsIncomplete) as error:
        read_settings({"REFUNDDESK_LISTEN": "8321", "REFUNDDESK_WEB_THREADS": "many"})
    told = str(error.value).splitlines()
    assert [line.split()[0] for line in told] == [
        "REFUNDDESK_SECRET_KEY",
        "REFUNDDESK_SEALING_KEYS",
        "REFUNDDESK_LISTEN",
        "REFUNDDESK_WEB_THREADS",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("REFUNDDESK_SECRET_KEY", "s" * 31, id="a short secret"),
        pytest.param("REFUNDDESK_SECRET_KEY", "", id="an empty secret"),
        pytest.param("REFUNDDESK_SEALING_KEYS", ",", id="no sealing key"),
        pytest.param("REFUNDDESK_SEALING_KEYS", f"{new_key()},secret", id="one bad sealing key"),
        pytest.param("REFUNDDESK_LISTEN", "127.0.0.1:65536", id="a port too high"),
        pytest.param("REFUNDDESK_PUBLIC_URL", "refunds.example.com", id="an address without https"),
        pytest.param("REFUNDDESK_URL_PREFIX", "/refunds/", id="a prefix with a slash at its end"),
        pytest.param("REFUNDDESK_ALLOW_PRIVATE_STORES", "true", id="neither yes nor no"),
        pytest.param("REFUNDDESK_STORE_CA_FILE", "/nowhere.pem", id="a file that is not there"),
        pytest.param("REFUNDDESK_LOG_FORMAT", "xml", id="an unknown log format"),
        pytest.param("REFUNDDESK_TRUSTED_PROXIES", "-1", id="fewer than no proxies"),
        pytest.param("REFUNDDESK_TRUSTED_PROXY", "1", id="a misspelt name"),
        pytest.param("REFUNDDESK_MAIL_SERVER", "smtp.example.com", id="a mail server without port"),
        pytest.param("REFUNDDESK_MAIL_SECURITY", "ssl", id="an unknown encryption"),
        pytest.param("REFUNDDESK_MAIL_FROM", "Shop <a@shop.test>", id="a sender with a name"),
        pytest.param("REFUNDDESK_CREDENTIAL_DAYS", "0", id="credentials that are gone at once"),
        pytest.param("REFUNDDESK_CREDENTIAL_DAYS", "31", id="credentials kept for too long"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsIncomplete, match=rf"^{name} "):
        read_settings(SECRETS | {name: value})


@pytest.mark.parametrize(
    ("mail", "named"),
    [
        pytest.param({"SERVER": "smtp.test:587"}, "FROM", id="a server and no sender"),
        pytest.param({"FOLDER": "mails"}, "FROM", id="a folder and no sender"),
        pytest.param({"USER": "desk"}, "USER", id="a user and no password"),
        pytest.param({"PASSWORD": "hunter2"}, "USER", id="a password and no user"),
        pytest.param(
            {"USER": "desk", "PASSWORD": "hunter2", "SECURITY": "none"},
            "SECURITY",
            id="a password for all to read",
        ),
    ],
)
def test_mail_settings_are_complete_or_not_at_all(mail: dict[str, str], named: str) -> None:
    given = {f"REFUNDDESK_MAIL_{name}": value for name, value in mail.items()}
    with pytest.raises(SettingsIncomplete, match=f"^REFUNDDESK_MAIL_{named} ") as error:
        read_settings(SECRETS | given)
    assert "hunter2" not in str(error.value)


def test_no_secret_is_shown_by_accident() -> None:
    secrets = SECRETS | {
        "REFUNDDESK_MAIL_USER": "desk",
        "REFUNDDESK_MAIL_PASSWORD": "hunter4",
        "DATABASE_URL": "postgresql+psycopg://desk:hunter2@db/desk",
        "REDIS_URL": "redis://:hunter3@queue",
    }
    shown = repr(read_settings(secrets))
    for secret in (*SECRETS.values(), "hunter2", "hunter3", "hunter4"):
        assert secret not in shown


def test_the_file_of_the_home_folder_says_what_the_environment_leaves_unsaid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{name}={value}" for name, value in SECRETS.items()]
    file = tmp_path / "settings.env"
    file.write_text("\n".join(["# a comment", "", *lines, "REFUNDDESK_LOG_FORMAT=json"]))
    monkeypatch.setenv("REFUNDDESK_HOME", str(tmp_path))
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    assert read_settings().log_format == "json"
    monkeypatch.setenv("REFUNDDESK_LOG_FORMAT", "console")
    assert read_settings().log_format == "console"


def test_a_value_in_the_file_may_hold_an_equals_sign(tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text("A = b=c==\n#B=1\n")
    assert read_file(file) == {"A": "b=c=="}
    assert read_file(tmp_path / "missing.env") == {}


def test_a_new_sealing_key_is_put_in_front_and_the_old_one_still_opens() -> None:
    old, new = new_key(), new_key()
    sealed = Sealer([old]).seal("cs_secret")
    assert "cs_secret" not in sealed
    rotated = Sealer([new, old])
    assert rotated.open(sealed) == "cs_secret"
    assert Sealer([new]).open(rotated.seal("cs_secret")) == "cs_secret"


def test_without_the_key_that_sealed_it_a_secret_stays_shut_and_the_message_says_why() -> None:
    sealed = Sealer([new_key()]).seal("cs_secret")
    with pytest.raises(SealBroken, match="put the key that sealed it back") as error:
        Sealer([new_key()]).open(sealed)
    assert "cs_secret" not in str(error.value)


@pytest.mark.parametrize("days", ["1", "36500"])
def test_a_time_to_keep_things_is_a_number_of_days(days: str) -> None:
    assert setting_values.days(days) == int(days)


@pytest.mark.parametrize("days", ["0", "36501", "-1", "1.5", "ever", "", "²"])
def test_no_time_to_keep_things_is_none_or_for_ever(days: str) -> None:
    with pytest.raises(ValueError, match="days"):
        setting_values.days(days)
