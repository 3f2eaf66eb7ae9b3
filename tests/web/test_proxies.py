"""What is said of a caller counts from trusted proxies alone, and only what they are to say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from refunddesk.extension import create_app
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings

GUESS = {"key": "nobodys", "site": "https://site.test"}


def behind(proxies: int, settings: Settings, edges: Edges) -> FlaskClient:
    return create_app(replace(settings, trusted_proxies=proxies), edges=edges).test_client()


def guess(client: FlaskClient, forwarded_for: str) -> int:
    answer = client.post(
        "/licenses/activate", json=GUESS, headers={"X-Forwarded-For": forwarded_for}
    )
    return answer.status_code


@pytest.mark.parametrize("proxies", [0, 1])
def test_the_throttle_is_not_dodged_by_claiming_another_address(
    settings: Settings, edges: Edges, proxies: int
) -> None:
    client = behind(proxies, settings, edges)
    # The proxy adds the address it was called from behind whatever the caller claimed.
    claimed = [guess(client, f"203.0.113.{number}, 192.0.2.7") for number in range(11)]
    assert claimed == [404] * 10 + [429]


def test_behind_a_proxy_each_caller_is_counted_alone(settings: Settings, edges: Edges) -> None:
    client = behind(1, settings, edges)
    assert {guess(client, f"203.0.113.{number}") for number in range(11)} == {404}


@pytest.mark.parametrize("proxies", [0, 1])
def test_nobody_is_led_away_by_a_forwarded_host(
    settings: Settings, edges: Edges, proxies: int
) -> None:
    headers = {"X-Forwarded-Host": "evil.example"}
    answer = behind(proxies, settings, edges).get("/desk", headers=headers)
    assert answer.location == "http://localhost/desk/"
