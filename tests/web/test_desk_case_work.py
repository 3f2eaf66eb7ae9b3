"""On the page of a case staff keep its report, its files and its quotes, and hand work over."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from refunddesk.casework import TurnKind
from refunddesk.db.cases import Case
from refunddesk.db.materials import ProductPage
from refunddesk.db.notices import list_notices
from refunddesk.db.orders import Order
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.services import cases, materials, work_quotes
from refunddesk.services.case_pages import show_staff_case
from refunddesk.services.case_turns import Saying, say
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.web.forms import MOST_FORM_BYTES
from tests.asking import PORTAL, STAFF, Bought, buy, days, intake, report
from tests.building import add_store
from tests.conftest import TestClock
from tests.people import browser_of, hire
from tests.web.test_attachments import picture
from tests.web.test_desk import Browser

MARKUP = "<script>alert(1)</script>"
SITE_HEALTH = f"""### wp-core ###

version: 6.9
site_language: de_DE

### wp-active-theme ###

name: {MARKUP} (twentysix)

### wp-plugins-active (2) ###

Forms: version: 2.1, author: somebody
Cache: version: 1.0, author: somebody
"""


#: The deeds behind the forms are tried on both databases where they are at home.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def browser(app: Flask, edges: Edges) -> Browser:
    return Browser(browser_of(app, edges, hire(edges, Role.SUPPORT)))


@pytest.fixture
def order(edges: Edges) -> Order:
    work = Bought("setting-up", "90.00", "0.00", "customization", 0)
    return buy(edges, add_store(edges), PORTAL, work)


@pytest.fixture
def case(edges: Edges, order: Order) -> Case:
    return report(edges, order, finding=None, gives_up=False)


@pytest.fixture
def charged(edges: Edges, order: Order) -> Case:
    about = replace(intake(edges, order), category="customization")
    return cases.open_case(edges, about, by=STAFF)


def see(browser: Browser, case: Case) -> str:
    answer = browser.see(f"/desk/cases/{case.id}")
    assert answer.status_code == 200
    return answer.text


def post(browser: Browser, case: Case, form: str, **filled: object) -> TestResponse:
    """The form as the page gives it, filled in."""
    page = see(browser, case)
    hidden = {
        name: re.findall(rf'name="{name}" value="([^"]*)"', page)[-1]
        for name in ("csrf_token", "seen", "fingerprint")
    }
    return browser.client.post(f"/desk/cases/{case.id}/{form}", data=hidden | filled)


def said(edges: Edges, case: Case) -> Case:
    return cases.show_case(edges, case.id).case


# ---------------------------------------------------------------- the report

REPORT = {
    "category": "bug",
    "reason": "malfunction",
    "site_url": "https://ada.example",
    "product": "crm-portal",
    "product_version": "2.2",
    "details": "It sends nothing.",
    "other_extensions": "Forms 2.1\r\n\r\n Cache 1.0 ",
}


def test_the_report_is_changed_as_a_whole_and_an_empty_field_is_not_said(
    browser: Browser, edges: Edges, case: Case
) -> None:
    assert post(browser, case, "report", **REPORT | {"site_url": " "}).status_code == 303
    changed = said(edges, case)
    assert changed.report.product_version == "2.2"
    assert changed.report.other_extensions == ("Forms 2.1", "Cache 1.0")
    assert (changed.report.site_url, changed.report.no_screenshots) == (None, False)
    assert changed.facts.missing == ("site_url", "screenshots")
    again = post(browser, case, "report", **REPORT, no_screenshots="yes")
    assert (again.status_code, said(edges, case).facts.missing) == (303, ())


def test_a_pasted_site_health_report_is_shown_as_a_table(
    browser: Browser, edges: Edges, case: Case
) -> None:
    form = REPORT | {"other_extensions": "", "site_health": SITE_HEALTH}
    assert post(browser, case, "report", **form).status_code == 303
    page = see(browser, case)
    assert re.search(r'<th scope="row">Wordpress</th><td class="text">6.9</td>', page)
    assert "Forms 2.1, Cache 1.0" in page
    assert MARKUP not in page
    assert said(edges, case).report.other_extensions == ("Forms 2.1", "Cache 1.0")


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        pytest.param(
            {"site_health": "all is well"}, 422, "not a Site Health report", id="no report"
        ),
        pytest.param({"product": "shoes"}, 422, "did not buy", id="a product of no order"),
        pytest.param({"category": "weather"}, 422, "Choose what it is", id="no category"),
        pytest.param({"fingerprint": "0" * 16}, 409, "was changed meanwhile", id="too late"),
    ],
)
def test_a_report_that_cannot_be_kept_comes_back_as_it_was_written(
    browser: Browser,
    edges: Edges,
    case: Case,
    changes: dict[str, str],
    status: int,
    says: str,
) -> None:
    before = said(edges, case)
    answer = post(browser, case, "report", **REPORT | {"details": MARKUP} | changes)
    assert (answer.status_code, says in answer.text) == (status, True)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</textarea>" in answer.text
    assert MARKUP not in answer.text
    assert said(edges, case) == before


# ---------------------------------------------------------------- files


def test_a_picture_is_kept_and_handed_out_to_be_saved(
    browser: Browser, edges: Edges, case: Case
) -> None:
    file = (io.BytesIO(picture()), f"C:\\photos\\{MARKUP}.png")
    assert post(browser, case, "attach", file=file).status_code == 303
    (kept,) = cases.show_case(edges, case.id).attachments
    assert kept.media_type == "image/png"
    page = see(browser, case)
    assert f"/desk/attachments/{kept.id}" in page
    assert MARKUP not in page


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(None, id="no file"),
        pytest.param((b"<svg><script>1</script></svg>", "shot.png"), id="a picture by name"),
        pytest.param((b"PK\3\4" + bytes(100), "log.txt"), id="an archive"),
    ],
)
def test_other_files_are_refused_with_one_message(
    browser: Browser, edges: Edges, case: Case, file: tuple[bytes, str] | None
) -> None:
    filled = {} if file is None else {"file": (io.BytesIO(file[0]), file[1])}
    answer = post(browser, case, "attach", **filled)
    assert (answer.status_code, "Nothing was kept" in answer.text) == (422, True)
    assert cases.show_case(edges, case.id).attachments == []


def test_a_form_has_at_most_4_mib(browser: Browser, case: Case) -> None:
    """To the last byte it is read: then its token is missing."""
    for size, status in ((MOST_FORM_BYTES, 400), (MOST_FORM_BYTES + 1, 413)):
        answer = browser.client.post(
            f"/desk/cases/{case.id}/attach",
            data=bytes(size),
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code == status


def test_a_form_of_200_mb_is_refused_before_it_is_read(browser: Browser, case: Case) -> None:
    class Unread(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise AssertionError("the body was read")

        readline = readinto = read

    answer = browser.client.post(
        f"/desk/cases/{case.id}/attach",
        input_stream=Unread(),
        environ_overrides={"CONTENT_LENGTH": str(200 * 1024**2)},
        content_type="multipart/form-data; boundary=x",
    )
    assert (answer.status_code, "Nothing was kept" in answer.text) == (413, True)


# ---------------------------------------------------------------- quotes


def offer(browser: Browser, case: Case, **changes: str) -> TestResponse:
    form = {"words": "A new field.", "amount": "120.00", "valid_until": "2026-03-20"}
    return post(browser, case, "quote", **form | changes)


def test_charged_work_is_offered_to_the_end_of_a_day_and_accepted(
    browser: Browser, edges: Edges, charged: Case
) -> None:
    assert offer(browser, charged).status_code == 303
    (quote,) = cases.show_case(edges, charged.id).quotes
    # Midnight in Berlin.
    assert f"{quote.valid_until:%Y-%m-%d %H:%M:%S}" == "2026-03-20 22:59:59"
    assert "Offer charged work" not in see(browser, charged)
    answer = post(browser, charged, "quote-answer", quote=str(quote.id), answer="accepted")
    assert answer.status_code == 303
    assert '<span class="state accepted">accepted</span>' in see(browser, charged)


def test_a_withdrawn_quote_says_why_and_our_clock_goes_on(
    browser: Browser, edges: Edges, charged: Case, clock: TestClock
) -> None:
    offer(browser, charged)
    clock.move(hours=2)
    blank = post(browser, charged, "quote-answer", quote="1", answer="withdrawn", words=" ")
    assert (blank.status_code, "Say why" in blank.text) == (422, True)
    done = post(browser, charged, "quote-answer", quote="1", answer="withdrawn", words="Free now.")
    assert done.status_code == 303
    page = see(browser, charged)
    assert '<span class="state withdrawn">withdrawn</span>' in page
    assert "Free now." in page
    held = cases.show_case(edges, charged.id)
    assert [due.who for due in held.due] == ["support"]
    assert held.case.facts.pauses == ((clock() - days(2 / 24), clock()),)
    with edges.database.read() as transaction:
        mails = list_notices(transaction, f"case:{charged.id}")
    assert (mails[-1].kind, mails[-1].facts["text"]) == ("answer", "Free now.")
    again = post(browser, charged, "quote-answer", quote="1", answer="accepted")
    assert (again.status_code, "is withdrawn" in again.text) == (409, True)


def test_a_question_beside_a_withdrawn_quote_still_waits(edges: Edges, charged: Case) -> None:
    say(edges, charged.id, Saying(TurnKind.QUESTION, "Which theme?"), by=STAFF)
    quote = work_quotes.offer_quote(
        edges,
        charged.id,
        work="A field.",
        amount="10.00",
        currency="EUR",
        valid_until=edges.clock() + days(5),
        by=STAFF,
    )
    work_quotes.withdraw_quote(edges, quote.id, because="Not now.", by=STAFF)
    assert [due.what for due in cases.show_case(edges, charged.id).due] == ["answer_question"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"amount": "0.00"}, 422, id="for nothing"),
        pytest.param({"amount": "12,50"}, 422, id="with a comma"),
        pytest.param({"valid_until": "2026-03-01"}, 422, id="until yesterday"),
        pytest.param({"valid_until": "9999-12-31"}, 422, id="until a day in no calendar"),
        pytest.param({"valid_until": "soon"}, 422, id="until no day"),
        pytest.param({"words": " "}, 422, id="for no work"),
        pytest.param({"seen": "99"}, 409, id="with something unread"),
    ],
)
def test_an_offer_that_cannot_be_made_is_refused(
    browser: Browser, edges: Edges, charged: Case, changes: dict[str, str], status: int
) -> None:
    assert offer(browser, charged, **changes).status_code == status
    assert cases.show_case(edges, charged.id).quotes == []


def test_a_quote_of_another_case_is_not_answered_here(
    browser: Browser, edges: Edges, case: Case, charged: Case
) -> None:
    offer(browser, charged)
    assert post(browser, case, "quote-answer", quote="1", answer="declined").status_code == 404


# ---------------------------------------------------------------- handing over, and explaining


def test_customization_is_handed_over_once_and_supported_for_a_month(
    browser: Browser, edges: Edges, case: Case
) -> None:
    assert post(browser, case, "deliver", item="12", delivered_on="2026-03-03").status_code == 422
    assert post(browser, case, "deliver", item="12", delivered_on="2026-02-27").status_code == 303
    page = see(browser, case)
    assert "27 Mar 2026" in page
    assert "Hand customization over" not in page
    assert post(browser, case, "deliver", item="12").status_code == 409
    assert post(browser, case, "deliver", item="11").status_code == 422
    (done,) = show_staff_case(edges, case.id).deliveries
    assert f"{done.supported_until:%Y-%m-%d %H:%M:%S}" == "2026-03-27 22:59:59"


def test_what_explains_the_product_is_shown_and_its_offer_goes_on_record(
    browser: Browser, edges: Edges, case: Case
) -> None:
    links = ({"kind": "manual", "title": f"Start {MARKUP}", "url": "https://docs.test/a"},)
    page = ProductPage("crm-portal", links, not_on_wordpress_com=False)
    materials.describe_product(edges, case.store_id, page, by=STAFF)
    shown = see(browser, case)
    assert "https://docs.test/a" in shown
    assert MARKUP not in shown
    assert post(browser, case, "materials").status_code == 303
    assert said(edges, case).facts.materials_offered
    assert "It is on record that this was offered." in see(browser, case)


def test_an_auditor_sees_no_form(app: Flask, edges: Edges, case: Case) -> None:
    auditor = Browser(browser_of(app, edges, hire(edges, Role.AUDITOR)))
    assert 'action="/desk/cases/' not in see(auditor, case)
