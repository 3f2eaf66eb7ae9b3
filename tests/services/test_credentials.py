"""Access is asked for, given, shown with a reason, and destroyed: in time, on record, for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from refunddesk.access import Access
from refunddesk.casework import TurnKind
from refunddesk.db import notices, outbox
from refunddesk.db.cases import Case
from refunddesk.db.credentials import Because, Credential, CredentialState
from refunddesk.db.history import list_deeds
from refunddesk.db.session import Database
from refunddesk.jobnames import JobName
from refunddesk.jobs import keeping, registry, schedule
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import case_turns, cases, credential_ends, credentials
from refunddesk.services.case_turns import Saying
from refunddesk.services.credentials import (
    AccessAskedAlready,
    AccessGivenAlready,
    AccessNotTaken,
    CredentialKeyGone,
    CredentialNotOpened,
    CredentialNotThere,
    NoSuchCredential,
    Shown,
    VaultNotWritable,
)
from refunddesk.services.edges import Edges
from refunddesk.services.reasons import ReasonMissing
from refunddesk.vault import VaultAway
from tests.asking import STAFF, at_once, buy, report, until_it_waits
from tests.building import add_store
from tests.conftest import TestClock
from tests.handing_over import ACCESS, asked, given, now_of
from tests.services.dying import Killed, Mortal

WHY = "To read the error log."
DAYS_14 = timedelta(days=14)
SECOND = timedelta(seconds=1)


@pytest.fixture
def case(edges: Edges) -> Case:
    return report(edges, buy(edges, add_store(edges)), finding=None, gives_up=False)


def show(edges: Edges, credential: Credential) -> Access:
    revealed = credentials.reveal(edges, credential.case_id, credential.id, WHY, by=STAFF)
    return revealed.access


def end(edges: Edges, case: Case) -> None:
    case_turns.end(edges, case.id, TurnKind.RESOLVED, "It was a setting.", by=STAFF)


def work(edges: Edges) -> None:
    """Keep what is promised about credentials and due, as a worker would."""
    with edges.database.read() as transaction:
        due = outbox.list_due(transaction, edges.clock())
    for promise_id, job in due:
        if job is JobName.DESTROY_CREDENTIAL:
            keeping.keep(edges, promise_id, registry.JOBS)


def seen(edges: Edges, case: Case) -> Shown:
    """What both sides see of the case's one credential."""
    (of_order,) = credentials.show_of_order(edges, case.order_id)
    with edges.database.read() as transaction:
        assert credentials.show_of_case(edges, transaction, case.id) == (of_order,)
    return of_order


def keys(edges: Edges) -> list[Path]:
    return sorted((edges.home / "vault").glob("*.key"))


def told(edges: Edges, case: Case) -> list[str]:
    with edges.database.read() as transaction:
        return [one.kind for one in notices.list_notices(transaction, f"case:{case.id}")]


def deeds(edges: Edges, case: Case) -> list[tuple[str, str]]:
    """Those about credentials, oldest first."""
    with edges.database.read() as transaction:
        found = list_deeds(transaction, f"case:{case.id}")
    return [(one.action, one.actor) for one in found if one.action.startswith("credential")]


# ---------------------------------------------------------------- asking


def test_the_customer_is_asked_by_a_mail_with_a_link_to_the_page(edges: Edges, case: Case) -> None:
    credential = asked(edges, case)
    assert (credential.state, credential.words) == (
        CredentialState.ASKED,
        "SFTP, to read the log.",
    )
    with edges.database.read() as transaction:
        notice = notices.list_notices(transaction, f"case:{case.id}")[-1]
    assert notice.kind == "credential_asked"
    assert notice.facts["link_page"] == "credentials"
    assert notice.facts["days"] == 14


def test_support_s_clock_stands_still_until_access_is_given_or_not_wanted(
    edges: Edges, case: Case, clock: TestClock
) -> None:
    def pauses() -> int:
        return len(cases.show_case(edges, case.id).case.facts.pauses)

    def awaits() -> bool:
        return cases.show_case(edges, case.id).case.facts.awaited_since is not None

    first = asked(edges, case)
    assert awaits()
    clock.move(hours=2)
    credentials.withdraw_asking(edges, case.id, first.id, by=STAFF)
    assert (awaits(), pauses()) == (False, 1)
    clock.move(hours=2)
    second = asked(edges, case)
    clock.move(hours=2)
    credentials.give_access(edges, case.order_id, second.id, ACCESS)
    assert (awaits(), pauses()) == (False, 2)
    # The report lacked nothing meanwhile: what was wanted is no part of it.
    assert cases.show_case(edges, case.id).case.facts.missing == ()


def test_an_open_question_outlives_the_withdrawn_asking(edges: Edges, case: Case) -> None:
    case_turns.say(edges, case.id, Saying(TurnKind.QUESTION, "Which theme?"), by=STAFF)
    credentials.withdraw_asking(edges, case.id, asked(edges, case).id, by=STAFF)
    assert cases.show_case(edges, case.id).case.facts.awaited_since is not None


def test_a_customer_is_asked_for_one_thing_at_a_time(edges: Edges, case: Case) -> None:
    first = asked(edges, case)
    with pytest.raises(AccessAskedAlready):
        asked(edges, case)
    assert told(edges, case).count("credential_asked") == 1
    credentials.give_access(edges, case.order_id, first.id, ACCESS)
    assert asked(edges, case).id != first.id


def test_nobody_is_asked_once_the_case_has_ended_or_without_a_word_why(
    edges: Edges, case: Case
) -> None:
    with pytest.raises(ReasonMissing):
        credentials.ask_access(edges, case.id, " \n", by=STAFF)
    with pytest.raises(case_turns.CaseMovedOn):
        credentials.ask_access(edges, case.id, "SFTP", by=STAFF, seen=7)
    end(edges, case)
    with pytest.raises(case_turns.CaseEnded):
        asked(edges, case)


# ---------------------------------------------------------------- giving


def test_what_is_given_is_sealed_under_a_key_of_its_own(edges: Edges, case: Case) -> None:
    first, second = given(edges, case), given(edges, case)
    assert len(keys(edges)) == 2
    for one in (first, second):
        assert one.state is CredentialState.GIVEN
        assert one.sealed
        assert ACCESS.password.encode() not in one.sealed
        assert show(edges, one) == ACCESS


def test_giving_tells_support_and_counts_as_the_customer_s_answer(edges: Edges, case: Case) -> None:
    given(edges, case)
    page = cases.show_case(edges, case.id)
    assert page.turns[-1].kind is TurnKind.ACCESS_GIVEN
    assert page.case.facts.last_customer_reply_at == edges.clock()
    assert deeds(edges, case) == [("credential_given", f"order:{case.order_id}")]


def test_the_page_takes_it_once(edges: Edges, case: Case) -> None:
    credential = given(edges, case)
    other = replace(ACCESS, password="another")
    with pytest.raises(AccessGivenAlready):
        credentials.give_access(edges, case.order_id, credential.id, other)
    assert show(edges, credential) == ACCESS
    assert len(keys(edges)) == 1


def test_of_two_who_give_at_once_one_is_kept(edges: Edges, case: Case) -> None:
    credential = asked(edges, case)
    got = at_once(
        2,
        lambda number: credentials.give_access(
            edges, case.order_id, credential.id, replace(ACCESS, user=f"user-{number}")
        ),
    )
    assert sorted(type(one).__name__ for one in got) == ["AccessGivenAlready", "NoneType"]
    assert show(edges, credential).user == f"user-{got.index(None)}"
    assert len(keys(edges)) == 1


def test_a_bad_field_is_named_and_nothing_is_kept(edges: Edges, case: Case) -> None:
    credential = asked(edges, case)
    with pytest.raises(AccessNotTaken) as refused:
        credentials.give_access(edges, case.order_id, credential.id, replace(ACCESS, host=""))
    assert refused.value.field == "host"
    assert keys(edges) == []
    assert now_of(edges, credential).state is CredentialState.ASKED


def test_what_belongs_to_another_order_or_case_is_as_if_it_were_not_there(
    edges: Edges, case: Case
) -> None:
    other = report(edges, buy(edges, case.store_id, woo_order_id=1002), gives_up=False)
    credential, wanted = given(edges, case), asked(edges, other)
    for credential_id in (wanted.id, 999):
        with pytest.raises(NoSuchCredential) as mine:
            credentials.give_access(edges, case.order_id, credential_id, ACCESS)
        assert str(mine.value) == "There is no such request for access. Nothing was done."
        with pytest.raises(NoSuchCredential):
            credentials.end_by_customer(edges, case.order_id, credential_id)
        with pytest.raises(NoSuchCredential):
            credentials.withdraw_asking(edges, case.id, credential_id, by=STAFF)
    for act in (credentials.end_by_staff, credentials.withdraw_asking):
        with pytest.raises(NoSuchCredential):
            act(edges, other.id, credential.id, by=STAFF)
    with pytest.raises(NoSuchCredential):
        credentials.reveal(edges, other.id, credential.id, WHY, by=STAFF)
    assert show(edges, credential) == ACCESS


def test_a_vault_that_takes_nothing_is_said_and_nothing_is_kept(
    edges: Edges, case: Case, tmp_path: Path
) -> None:
    credential = asked(edges, case)
    in_the_way = tmp_path / "a file"
    in_the_way.write_text("")
    broken = replace(edges, vault=in_the_way / "vault")
    with pytest.raises(VaultNotWritable):
        credentials.give_access(broken, case.order_id, credential.id, ACCESS)
    assert now_of(edges, credential).state is CredentialState.ASKED
    credentials.give_access(edges, case.order_id, credential.id, ACCESS)


# ---------------------------------------------------------------- showing


def test_every_showing_is_on_record_with_its_reason_and_told_to_the_customer(
    edges: Edges, case: Case
) -> None:
    credential = given(edges, case)
    for number in (1, 2):
        credentials.reveal(edges, case.id, credential.id, f"Look {number}", by=f"staff:{number}")
    reveals = seen(edges, case).reveals
    assert [(one.revealed_by, one.because) for one in reveals] == [
        ("staff:1", "Look 1"),
        ("staff:2", "Look 2"),
    ]
    assert deeds(edges, case)[1:] == [
        ("credential_revealed", "staff:1"),
        ("credential_revealed", "staff:2"),
    ]
    with edges.database.read() as transaction:
        about = notices.list_notices(transaction, f"case:{case.id}")
    mails = [one for one in about if one.kind == "credential_revealed"]
    assert [one.facts["text"] for one in mails] == ["Look 1", "Look 2"]


def test_two_of_the_staff_who_look_at_once_are_both_on_record(edges: Edges, case: Case) -> None:
    credential = given(edges, case)
    got = at_once(
        2,
        lambda number: (
            credentials.reveal(edges, case.id, credential.id, WHY, by=f"staff:{number}").access
        ),
    )
    assert got == [ACCESS, ACCESS]
    assert {one.revealed_by for one in seen(edges, case).reveals} == {"staff:0", "staff:1"}
    assert told(edges, case).count("credential_revealed") == 2


def test_nothing_is_shown_without_a_reason_or_before_it_was_given(edges: Edges, case: Case) -> None:
    credential = asked(edges, case)
    with pytest.raises(CredentialNotThere):
        show(edges, credential)
    credentials.give_access(edges, case.order_id, credential.id, ACCESS)
    with pytest.raises(ReasonMissing):
        credentials.reveal(edges, case.id, credential.id, "  ", by=STAFF)
    assert seen(edges, case).reveals == ()
    assert told(edges, case).count("credential_revealed") == 0


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize("kind", [TurnKind.RESOLVED, TurnKind.GAVE_UP])
def test_with_the_end_of_the_case_it_is_gone_and_stays_gone_when_that_is_taken_up_again(
    edges: Edges, case: Case, clock: TestClock, kind: TurnKind
) -> None:
    credential, wanted = given(edges, case), asked(edges, case)
    case_turns.end(edges, case.id, kind, "We are done.", by=STAFF)
    with pytest.raises(CredentialNotThere):
        show(edges, credential)
    assert now_of(edges, credential).sealed is None
    clock.move(minutes=1)
    work(edges)
    ended = now_of(edges, credential)
    assert (ended.state, ended.because) == (CredentialState.DESTROYED, Because.CASE_ENDED)
    assert ended.destroyed_at == clock()
    assert now_of(edges, wanted).state is CredentialState.WITHDRAWN
    assert keys(edges) == []
    assert told(edges, case).count("credential_destroyed") == 1
    case_turns.reopen(edges, case.id, "It came back.", by=STAFF)
    with pytest.raises(CredentialNotThere):
        show(edges, credential)
    with pytest.raises(AccessGivenAlready):
        credentials.give_access(edges, case.order_id, wanted.id, ACCESS)
    assert show(edges, given(edges, case)) == ACCESS


@pytest.mark.parametrize(
    ("waited", "is_shown"),
    [
        pytest.param(DAYS_14 - SECOND, True, id="in its last second"),
        pytest.param(DAYS_14, False, id="when its time is over"),
    ],
)
def test_after_its_time_nobody_is_shown_it_though_no_worker_came(
    edges: Edges, case: Case, clock: TestClock, waited: timedelta, is_shown: bool
) -> None:
    credential = given(edges, case)
    clock.at += waited
    assert seen(edges, case).standing == ("given" if is_shown else "over")
    if is_shown:
        assert show(edges, credential) == ACCESS
        return
    with pytest.raises(CredentialNotThere, match="time"):
        show(edges, credential)
    assert now_of(edges, credential).state is CredentialState.ENDING
    assert seen(edges, case).reveals == ()
    work(edges)
    assert seen(edges, case).standing == "destroyed"
    assert keys(edges) == []


@pytest.mark.parametrize("by", ["a worker", "the dispatcher alone"])
def test_its_time_ends_it_with_a_worker_and_without(
    edges: Edges, case: Case, clock: TestClock, by: str
) -> None:
    credential = given(edges, case)

    def run() -> None:
        if by == "a worker":
            work(edges)
        else:
            (vault,) = (one for one in registry.ROUNDS if one.name == "keep_vault")
            schedule.run_rounds(edges, [vault])

    clock.at += DAYS_14 - SECOND
    run()
    assert now_of(edges, credential).state is CredentialState.GIVEN
    clock.move(minutes=5)
    run()
    run()
    ended = now_of(edges, credential)
    assert (ended.state, ended.because) == (CredentialState.DESTROYED, Because.TIME_OVER)
    assert keys(edges) == []
    assert told(edges, case).count("credential_destroyed") == 1


def test_the_desk_s_own_limit_may_be_shorter(edges: Edges, case: Case, clock: TestClock) -> None:
    short = replace(edges, credential_life=timedelta(days=1))
    credential = given(short, case)
    assert credential.destroy_at == clock() + timedelta(days=1)
    # What was said to the customer holds, whatever is set later.
    clock.move(days=1)
    with pytest.raises(CredentialNotThere):
        show(edges, credential)


@pytest.mark.parametrize(
    ("expires_on", "destroyed_at"),
    [
        # Berlin: the day ends at 23:00 in UTC.
        pytest.param(date(2026, 3, 2), "2026-03-02T23:00:00+00:00", id="today"),
        pytest.param(date(2026, 3, 15), "2026-03-15T23:00:00+00:00", id="before the limit"),
        pytest.param(date(2026, 3, 16), "2026-03-16T10:00:00+00:00", id="on the day of the limit"),
        pytest.param(date(2026, 3, 17), "2026-03-16T10:00:00+00:00", id="after the limit"),
        pytest.param(date(9999, 12, 31), "2026-03-16T10:00:00+00:00", id="never"),
    ],
)
def test_what_works_no_longer_is_kept_no_longer(
    edges: Edges, case: Case, expires_on: date, destroyed_at: str
) -> None:
    credential = given(edges, case, replace(ACCESS, expires_on=expires_on))
    assert credential.destroy_at
    assert credential.destroy_at.isoformat() == destroyed_at
    assert show(edges, credential).expires_on == expires_on


@pytest.mark.parametrize("side", ["customer", "support"])
def test_either_side_has_it_destroyed_at_any_time(edges: Edges, case: Case, side: str) -> None:
    credential = given(edges, case)

    def act() -> None:
        if side == "customer":
            credentials.end_by_customer(edges, case.order_id, credential.id)
        else:
            credentials.end_by_staff(edges, case.id, credential.id, by=STAFF)

    act()
    with pytest.raises(CredentialNotThere):
        show(edges, credential)
    with pytest.raises(CredentialNotThere):
        act()
    work(edges)
    ended = now_of(edges, credential)
    assert (ended.state, ended.because) == (CredentialState.DESTROYED, Because(side))
    assert keys(edges) == []
    case_turns.say(edges, case.id, Saying(TurnKind.ANSWER, "The case goes on."), by=STAFF)


def test_killed_at_any_point_it_is_destroyed_in_the_end_and_told_once(
    edges: Edges, case: Case, clock: TestClock
) -> None:
    credential = given(edges, case)
    clock.at += DAYS_14
    deaths = 0
    for dies_at in range(1, 10):
        for before in (True, False):
            mortal = Mortal(edges.database.engine, dies_at, before=before)
            try:
                work(replace(edges, database=mortal))
            except Killed:
                deaths += 1
                clock.move(seconds=100)
                if now_of(edges, credential).state is CredentialState.DESTROYED:
                    assert keys(edges) == []
                with pytest.raises(CredentialNotThere):
                    show(edges, credential)
    assert deaths >= 3
    work(edges)
    assert now_of(edges, credential).state is CredentialState.DESTROYED
    assert keys(edges) == []
    assert told(edges, case).count("credential_destroyed") == 1


def test_a_key_whose_row_was_never_committed_is_swept_away(
    edges: Edges, case: Case, clock: TestClock
) -> None:
    credential = asked(edges, case)
    mortal = replace(edges, database=Mortal(edges.database.engine, 1, before=True))
    with pytest.raises(Killed):
        credentials.give_access(mortal, case.order_id, credential.id, ACCESS)
    assert now_of(edges, credential).state is CredentialState.ASKED
    assert len(keys(edges)) == 1
    clock.at = clock.at.replace(year=clock.at.year + 10)  # past what the file's own time says
    credential_ends.keep_vault(edges)
    assert keys(edges) == []
    assert deeds(edges, case) == []


# ---------------------------------------------------------------- races, told by the locks


def test_who_waits_for_the_end_of_a_case_is_not_shown_what_ended_with_it(
    edges: Edges, case: Case, database: Database
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time: it waits for the file, not for a row")
    credential = given(edges, case)
    with database.write() as transaction:
        held = cases.lock_case(transaction, case.id)
        shown = until_it_waits(edges, lambda: show(edges, credential))
        assert not shown.done()
        credential_ends.end_all(transaction, held, edges.clock())
    with pytest.raises(CredentialNotThere):
        shown.result(timeout=30)
    assert seen(edges, case).reveals == ()


def test_shown_or_ended_each_is_first_and_nothing_is_shown_after_the_end(
    edges: Edges, case: Case
) -> None:
    credential = given(edges, case)
    acts: list[Callable[[], object]] = [
        lambda: show(edges, credential),
        lambda: credentials.end_by_staff(edges, case.id, credential.id, by=STAFF),
    ]
    shown, ended = at_once(2, lambda number: acts[number]())
    assert ended is None
    if shown != ACCESS:
        assert isinstance(shown, CredentialNotThere)
    assert len(seen(edges, case).reveals) == (shown == ACCESS)
    with pytest.raises(CredentialNotThere):
        show(edges, credential)


def test_one_key_that_cannot_be_destroyed_holds_up_no_other(
    edges: Edges, case: Case, clock: TestClock
) -> None:
    first, second = given(edges, case), given(edges, case)
    stuck = edges.home / "vault" / f"{first.key_name}.key"
    stuck.rename(stuck.with_suffix(".moved"))
    stuck.mkdir()
    clock.at += DAYS_14
    with pytest.raises(IsADirectoryError):
        credential_ends.keep_vault(edges)
    assert now_of(edges, first).state is CredentialState.ENDING
    assert now_of(edges, second).state is CredentialState.DESTROYED
    stuck.rmdir()
    stuck.with_suffix(".moved").rename(stuck)
    credential_ends.keep_vault(edges)
    assert now_of(edges, first).state is CredentialState.DESTROYED
    assert keys(edges) == []


def test_of_two_workers_that_destroy_at_once_one_tells(edges: Edges, case: Case) -> None:
    credential = given(edges, case)
    credentials.end_by_staff(edges, case.id, credential.id, by=STAFF)
    got = at_once(2, lambda _: credential_ends.destroy(edges, credential.id))
    assert got == [None, None]
    assert told(edges, case).count("credential_destroyed") == 1
    assert keys(edges) == []


# ---------------------------------------------------------------- without the key


def test_a_lost_key_is_shown_as_destroyed_and_refused_in_clear_words(
    edges: Edges, case: Case
) -> None:
    credential = given(edges, case)
    (key,) = keys(edges)
    key.unlink()
    assert seen(edges, case).standing == "keyless"
    with pytest.raises(CredentialKeyGone, match="ask the customer anew"):
        show(edges, credential)
    assert seen(edges, case).reveals == ()
    end(edges, case)
    work(edges)
    assert seen(edges, case).standing == "destroyed"


def test_a_lost_folder_breaks_no_page_and_destroys_nothing_by_word_alone(
    edges: Edges, case: Case, clock: TestClock
) -> None:
    credential = given(edges, case)
    away = (edges.home / "vault").rename(edges.home / "unmounted")
    assert seen(edges, case).standing == "keyless"
    with pytest.raises(CredentialKeyGone):
        show(edges, credential)
    end(edges, case)
    with pytest.raises(VaultAway):
        credential_ends.destroy(edges, credential.id)
    assert now_of(edges, credential).state is CredentialState.ENDING
    away.rename(edges.home / "vault")
    clock.move(minutes=5)
    credential_ends.keep_vault(edges)
    assert now_of(edges, credential).state is CredentialState.DESTROYED
    assert keys(edges) == []


def test_a_changed_sealing_key_is_named_and_put_back_it_opens_again(
    edges: Edges, case: Case
) -> None:
    credential = given(edges, case)
    with pytest.raises(CredentialNotOpened, match="REFUNDDESK_SEALING_KEYS"):
        show(replace(edges, sealer=Sealer([new_key()])), credential)
    assert seen(edges, case).reveals == ()
    assert show(edges, credential) == ACCESS
