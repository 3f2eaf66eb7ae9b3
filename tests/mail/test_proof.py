"""A mail is from whom it names only where our own mail server says so, and came when that says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from refunddesk.mail.proof import Headers, is_domain_proven, received_at

HERE = "mx.desk.test"
TAKEN = (
    "received",
    f"from mail.example.com (HELO x) by {HERE} (Postfix); Mon, 2 Mar 2026 10:30:00 +0100 (CET)",
)
THEIRS = ("received", "from laptop by mail.example.com; Mon, 2 Mar 2026 08:00:00 +0000")


def found(said: str, by: str = HERE) -> tuple[str, str]:
    return "authentication-results", f"{by}; {said}"


def is_proven(*headers: tuple[str, str]) -> bool:
    return is_domain_proven(headers, HERE, "example.com")


@pytest.mark.parametrize(
    "said",
    [
        "dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.com",
        'dkim=pass reason="2048 ; key" header.d=example.com; dmarc=pass header.from="example.com"',
        "dmarc = pass header.from = Example.COM",
        "dmarc/1=pass",
        "dmarc=none header.from=example.com; dkim=pass header.d=example.com header.s=s1",
        "dkim=pass header.i=@example.com; spf=fail smtp.mailfrom=bounces.other.test",
        "spf=pass (by (nested; x) comment) smtp.mailfrom=ada@example.com",
        "dkim=pass header.d=list.test; dkim=pass header.d=example.com",
    ],
)
def test_what_our_server_vouches_for_is_proven(said: str) -> None:
    assert is_proven(found(said), TAKEN, THEIRS)
    assert is_proven(TAKEN, found(said), THEIRS), "some servers write it below their own line"


@pytest.mark.parametrize(
    "said",
    [
        "none",
        "dmarc=fail header.from=example.com; dkim=pass header.d=example.com",
        "dmarc=temperror header.from=example.com; spf=pass smtp.mailfrom=example.com",
        "dmarc=pass header.from=other.test",
        "dkim=pass header.d=other.test; spf=pass smtp.mailfrom=other.test",
        "dkim=pass header.d=mail.example.com",
        "dkim=pass header.d=com",
        "dkim=fail header.d=example.com; spf=softfail smtp.mailfrom=example.com",
        "x=y (dmarc=pass header.from=example.com)",
        'x=y reason="; dmarc=pass"',
        "",
    ],
)
def test_what_our_server_does_not_vouch_for_is_not(said: str) -> None:
    assert not is_proven(found(said), TAKEN, THEIRS)


PASS = "dmarc=pass header.from=example.com"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([found("dmarc=fail"), TAKEN, found(PASS), THEIRS], id="a second finding"),
        pytest.param([TAKEN, THEIRS, found(PASS)], id="below the sender's own line"),
        pytest.param([found(PASS, "mx.evil.test"), TAKEN, THEIRS], id="by another server"),
        pytest.param([found(PASS, f"evil{HERE}"), TAKEN], id="by a name that ends like ours"),
        pytest.param([found(PASS)], id="on a mail that our server never took"),
        pytest.param([THEIRS, found(PASS)], id="on a mail that only other servers took"),
        pytest.param(
            [("arc-authentication-results", f"i=1; {HERE}; {PASS}"), TAKEN], id="passed along"
        ),
    ],
)
def test_a_forged_finding_proves_nothing(headers: Headers) -> None:
    assert not is_proven(*headers)


def test_without_a_name_of_our_server_nothing_is_proven() -> None:
    assert not is_domain_proven([found(PASS, ""), TAKEN], "", "example.com")


def test_one_of_several_servers_below_our_name_counts() -> None:
    headers = [found(PASS, f"in3.{HERE}"), ("received", f"from a by in3.{HERE}; x")]
    assert is_proven(*headers)


def test_the_time_is_the_first_one_that_our_server_wrote() -> None:
    forged = ("received", f"from a by {HERE}; Mon, 1 Jan 2001 00:00:00 +0000")
    assert received_at([TAKEN, forged], HERE) == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        f"from a by {HERE}",
        f"from a by {HERE}; yesterday",
        f"from a by {HERE}; Mon, 99 Mar 2026 10:00:00 +0000",
        f"from a by {HERE}; Mon, 2 Mar 99999999 10:00:00 +9999",
        "from a",
        "by",
    ],
)
def test_a_line_without_a_time_gives_none(line: str) -> None:
    assert received_at([("received", line)], HERE) is None


def test_a_time_whose_zone_is_left_open_is_utc() -> None:
    line = f"from a by {HERE}; Mon, 2 Mar 2026 09:30:00 -0000"
    assert received_at([("received", line)], HERE) == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
