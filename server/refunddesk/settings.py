"""The only reader of the environment: every setting, complete or one error that names all gaps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from refunddesk import setting_values
from refunddesk.mail_settings import MAIL_VARIABLES, mail_problems
from refunddesk.retention_settings import RETENTION_VARIABLES
from refunddesk.setting_values import Variable

#: In REFUNDDESK_HOME; says what the environment leaves unsaid. `refunddesk run` writes one.
SETTINGS_FILE = "settings.env"


class SettingsIncomplete(Exception):
    """One or more settings are missing or wrong; the message has one line for each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the program keeps things and whom it talks to. Secrets have no default and no repr."""

    home: Path
    secret_key: str = field(repr=False)
    sealing_keys: tuple[str, ...] = field(repr=False)
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    public_url: str
    listen: str
    url_prefix: str
    trusted_proxies: int
    valkey_server: Path | None
    store_ca_file: Path | None
    allow_private_stores: bool
    log_format: str
    web_threads: int
    metrics_token: str = field(repr=False)
    mail_server: str
    mail_security: str
    mail_user: str
    mail_password: str = field(repr=False)
    mail_ca_file: Path | None
    mail_from: str
    mail_folder: Path | None
    mail_reply_to: str
    mail_receiver: str
    mail_in_token: str = field(repr=False)
    imap_server: str
    imap_security: str
    imap_user: str
    imap_password: str = field(repr=False)
    imap_folder: str
    imap_ca_file: Path | None
    wordpress_feed: str
    woocommerce_feed: str
    release_candidates: bool
    contact: str
    php: str
    sqlite_drop_in: Path | None
    vault: Path
    credential_days: int

    keep_deliveries_days: int
    keep_quarantined_days: int
    keep_cases_days: int
    keep_notices_days: int
    keep_sessions_days: int

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])


VARIABLES = (
    Variable(
        "REFUNDDESK_HOME",
        "home",
        "var",
        Path,
        "Folder for the database and the embedded queue.",
    ),
    Variable(
        "REFUNDDESK_SECRET_KEY",
        "secret_key",
        None,
        setting_values.secret,
        "Signs forms and cookies. At least 32 characters: `refunddesk settings new-key`.",
    ),
    Variable(
        "REFUNDDESK_SEALING_KEYS",
        "sealing_keys",
        None,
        setting_values.sealing_keys,
        "Keys that seal the stores' API keys and webhook secrets, comma separated. The first\n"
        "seals, all open: put a new one in front to rotate. Made by `refunddesk settings new-key`.",
    ),
    Variable(
        "DATABASE_URL",
        "database_url",
        "",
        setting_values.text,
        "SQLAlchemy address of the database. Empty: SQLite in REFUNDDESK_HOME.\n"
        "PostgreSQL: postgresql+psycopg://user:password@host/name",
    ),
    Variable(
        "REDIS_URL",
        "redis_url",
        "",
        setting_values.text,
        "A Redis or Valkey server. Empty: the embedded one in REFUNDDESK_HOME.",
    ),
    Variable(
        "VALKEY_SERVER",
        "valkey_server",
        "",
        setting_values.file_or_none,
        "The program of the embedded queue server. Empty: the one that was installed along, or\n"
        "else valkey-server or redis-server on the PATH.",
    ),
    Variable(
        "REFUNDDESK_PUBLIC_URL",
        "public_url",
        "http://127.0.0.1:8321",
        setting_values.public_url,
        "The address at which stores and people reach this server.",
    ),
    Variable(
        "REFUNDDESK_LISTEN",
        "listen",
        "127.0.0.1:8321",
        setting_values.listen,
        "Address and port the web process listens on.",
    ),
    Variable(
        "REFUNDDESK_URL_PREFIX",
        "url_prefix",
        "",
        setting_values.prefix,
        'Path before every route, such as "/refunds", when mounted in another Flask app.',
    ),
    Variable(
        "REFUNDDESK_TRUSTED_PROXIES",
        "trusted_proxies",
        "0",
        setting_values.number,
        "How many proxies in front of the web process set X-Forwarded-For and -Proto.",
    ),
    Variable(
        "REFUNDDESK_STORE_CA_FILE",
        "store_ca_file",
        "",
        setting_values.file_or_none,
        "Certificates of a private authority to trust for stores, in one PEM file.",
    ),
    Variable(
        "REFUNDDESK_ALLOW_PRIVATE_STORES",
        "allow_private_stores",
        "no",
        setting_values.yes_or_no,
        "May a store live on a private or loopback address? Only for trying out.",
    ),
    Variable(
        "REFUNDDESK_LOG_FORMAT",
        "log_format",
        "console",
        setting_values.log_format,
        'Log lines for people ("console") or for machines ("json").',
    ),
    Variable(
        "REFUNDDESK_WEB_THREADS",
        "web_threads",
        "16",
        setting_values.number,
        "Threads that answer requests in the web process.",
    ),
    Variable(
        "REFUNDDESK_METRICS_TOKEN",
        "metrics_token",
        "",
        setting_values.secret_or_none,
        "What a Prometheus server must bring to /metrics as its bearer token. At least 32\n"
        "characters: `refunddesk settings new-key`. Empty: nobody is told the figures.",
    ),
    Variable(
        "REFUNDDESK_WORDPRESS_FEED",
        "wordpress_feed",
        "https://api.wordpress.org/core/version-check/1.7/",
        setting_values.feed,
        "Where new WordPress releases are announced; read twice a day once a plugin is known.\n"
        "Empty: not read; give releases with `refunddesk compat add-release`.",
    ),
    Variable(
        "REFUNDDESK_WOOCOMMERCE_FEED",
        "woocommerce_feed",
        "https://api.wordpress.org/plugins/info/1.2/?action=plugin_information&slug=woocommerce",
        setting_values.feed,
        "The same for WooCommerce.",
    ),
    Variable(
        "REFUNDDESK_RELEASE_CANDIDATES",
        "release_candidates",
        "no",
        setting_values.yes_or_no,
        "Check plugins against betas and release candidates too, as an early warning?",
    ),
    Variable(
        "REFUNDDESK_CONTACT",
        "contact",
        "",
        setting_values.contact,
        "A page or mailbox that tells the feeds who asks. Empty: REFUNDDESK_PUBLIC_URL.",
    ),
    Variable(
        "REFUNDDESK_PHP",
        "php",
        "",
        setting_values.text,
        "The PHP that boots plugins in a WordPress, to check them. Empty: php on the PATH.",
    ),
    Variable(
        "REFUNDDESK_SQLITE_DROP_IN",
        "sqlite_drop_in",
        "",
        setting_values.place_or_none,
        'Zip or folder of the WordPress plugin "SQLite Database Integration", on which checked\n'
        "plugins are booted. Empty: plugins are read, not booted.",
    ),
    *RETENTION_VARIABLES,
    *MAIL_VARIABLES,
    Variable(
        "REFUNDDESK_VAULT",
        "vault",
        "",
        setting_values.path_or_none,
        "Folder for the keys of what customers hand over for a case: the same for all processes,\n"
        "and in no backup. Empty: vault in REFUNDDESK_HOME.",
    ),
    Variable(
        "REFUNDDESK_CREDENTIAL_DAYS",
        "credential_days",
        "14",
        setting_values.credential_days,
        "How many days after it was given such a credential is destroyed at the latest: 1 to 30.",
    ),
)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings from `environment`, all of them checked.

    By default these are the process's own variables and, where they say nothing, the lines of
    settings.env in REFUNDDESK_HOME.

    Raises SettingsIncomplete with one line per problem; unknown REFUNDDESK_ names are problems
    too, since a misspelt setting would otherwise be silently ignored.
    """
    source = _surroundings() if environment is None else environment
    problems: list[str] = []
    values: dict[str, Any] = {}
    for variable in VARIABLES:
        text = source.get(variable.name, variable.default)
        if text is None or (variable.default is None and not text):
            problems.append(f"{variable.name} is not set. {variable.says.splitlines()[0]}")
            continue
        try:
            values[variable.setting] = variable.read(text)
        except ValueError as error:
            problems.append(f"{variable.name} {error}")
    if not problems:
        problems += mail_problems(values)
    known = {variable.name for variable in VARIABLES}
    problems += [
        f"{name} is not a setting of Refund Desk"
        for name in sorted(source)
        if name.startswith("REFUNDDESK_")
        and name not in known
        and not name.startswith("REFUNDDESK_TEST_")
        and name != "REFUNDDESK_SHARED"
    ]
    if problems:
        raise SettingsIncomplete("\n".join(problems))
    home: Path = values["home"].absolute()
    values["home"] = home
    values["database_url"] = values["database_url"] or f"sqlite:///{home / 'refunddesk.db'}"
    values["vault"] = values["vault"] or home / "vault"
    values["redis_url"] = values["redis_url"] or f"unix://{home / 'queue.sock'}"
    return Settings(**values)


def read_setting(setting: str) -> Any:
    """One setting, for commands that need no others. Raises SettingsIncomplete."""
    variable = next(variable for variable in VARIABLES if variable.setting == setting)
    text = _surroundings().get(variable.name, variable.default)
    try:
        return variable.read(text or "")
    except ValueError as error:
        raise SettingsIncomplete(f"{variable.name} {error}") from None


def read_file(path: Path) -> dict[str, str]:
    """The NAME=value lines of `path`, as they stand; nothing where there is no such file."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def home_folder() -> Path:
    """REFUNDDESK_HOME, which must be known before the other settings can be read."""
    return Path(os.environ.get("REFUNDDESK_HOME", "var")).absolute()


def _surroundings() -> dict[str, str]:
    return {**read_file(home_folder() / SETTINGS_FILE), **os.environ}


def example() -> str:
    """The text of `.env.example`: every variable with what it is for and its default."""
    assert {variable.setting for variable in VARIABLES} == {item.name for item in fields(Settings)}
    blocks = []
    for variable in VARIABLES:
        lines = [f"# {line}" for line in variable.says.splitlines()]
        given = variable.default is None
        lines.append(f"{'' if given else '#'}{variable.name}={variable.default or ''}")
        blocks.append("\n".join(lines))
    heading = "# Settings of Refund Desk, for the environment or settings.env in REFUNDDESK_HOME."
    return "\n\n".join([heading, *blocks]) + "\n"
