"""Brings a database to the newest schema, and tells how far it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from refunddesk.db.session import Database

_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaOutdated(Exception):
    """The database's schema is not the one this program was written for."""


def alembic_config() -> Config:
    config = Config()
    # A percent sign in a path would otherwise be read as an interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Run every migration that is missing, in one transaction; running it again changes nothing."""
    with database.write() as transaction:
        config = alembic_config()
        config.attributes["connection"] = transaction
        command.upgrade(config, revision)


def downgrade(database: Database, revision: str) -> None:
    with database.write() as transaction:
        config = alembic_config()
        config.attributes["connection"] = transaction
        command.downgrade(config, revision)


def check_current(database: Database) -> None:
    """Raises SchemaOutdated unless the database stands at the newest migration."""
    newest = _newest()
    found = find_revision(database)
    if found != newest:
        raise SchemaOutdated(
            f"The database is at schema {found or 'nothing'}, this program needs {newest}. "
            "Nothing was changed: run `refunddesk db upgrade`."
        )


def find_revision(database: Database) -> str | None:
    """At which migration the database stands; None if it never saw one."""
    with database.read() as transaction:
        return MigrationContext.configure(transaction).get_current_revision()


def is_known(revision: str) -> bool:
    """Is it one of this program's migrations? A newer program's is not."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


@cache
def _newest() -> str | None:
    # Telling it takes reading every migration, and a process never gets another one.
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())
