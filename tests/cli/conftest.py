"""`refunddesk` as it is typed, on the test's database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from refunddesk.cli import main
from refunddesk.settings import Settings

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings) -> Run:
    environment = {
        "REFUNDDESK_HOME": str(settings.home),
        "REFUNDDESK_SECRET_KEY": settings.secret_key,
        "REFUNDDESK_SEALING_KEYS": ",".join(settings.sealing_keys),
        "DATABASE_URL": settings.database_url,
        "REFUNDDESK_PUBLIC_URL": "https://desk.test",
    }

    def call(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner(env=environment).invoke(main, arguments, input=typed)

    return call
