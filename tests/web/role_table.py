"""Two stores with everything in them, and what to send to each route about one of its things."""

from __future__ import annotations

import io
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from refunddesk import licensing
from refunddesk.compat.verdict import Verdict
from refunddesk.db import approvals, disputes, duplicates, licenses, steps, store_logins, suspicions
from refunddesk.db import staff as people
from refunddesk.db.customer_links import Purpose
from refunddesk.db.duplicates import Duplicate, DuplicateKind, NewDuplicate
from refunddesk.db.orders import Order
from refunddesk.db.staff import Role
from refunddesk.db.steps import StepKind
from refunddesk.db.suspicions import SuspicionKind
from refunddesk.services import (
    approval_limits,
    arrival_work,
    arrivals,
    attachments,
    cases,
    customer_links,
    landing,
    order_home,
    overrides,
    stores,
    tokens,
    work_quotes,
)
from refunddesk.services import licenses as licensed
from refunddesk.services.connect_codes import make_code
from refunddesk.services.edges import Edges
from refunddesk.services.overrides import Ruling, seen_of
from refunddesk.web.auth import SESSION_COOKIE, VISIT_COOKIE
from refunddesk.woocommerce import events
from refunddesk.woocommerce.signature import sign
from tests import bridging, handing_over
from tests.asking import PORTAL, STAFF, Bought, ask, buy, days, intake, judge, key_of, report
from tests.building import add_check, add_order, add_store, grant
from tests.people import hire, session_of
from tests.web.receiving import ORDER
from tests.web.test_attachments import picture

MONITOR_TOKEN = "the token of the monitors, long enough"
RELAY_TOKEN = "the token of the mail service, long enough"
_FORMS = "refunddesk_forms"
#: Of nothing in either store.
MISSING = 987_654
NO_KEY = "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AA"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody at the door, with all that they can prove; `key` and `signs` go into bodies."""

    name: str
    bearer: str | None = None
    session: str | None = None
    visit: str | None = None
    key: str | None = None
    signs: bool = False
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Things:
    """What belongs to one store and one customer there: the numbers that routes name."""

    order: Order
    ids: Mapping[str, int]
    key: str
    site_token: str
    link: str
    endpoint: stores.NewEndpoint
    connection: stores.NewEndpoint
    code: str
    entrance: str  # of the link of a colleague who comes from the store


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes with a request, and what is answered where it is let through to what is there.

    `changes`: whether a row is written then. `bridge_key` signs it as a bridge does, if given.
    """

    status: int = 200
    json: Any = None
    form: Mapping[str, Any] = field(default_factory=dict)
    data: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    changes: bool = True
    bridge_key: bytes = b""


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who may call, and the things of two stores: `own` of Ada's, `foreign` of Bob's."""

    app: Flask
    edges: Edges
    own: Things
    foreign: Things
    callers: tuple[Caller, ...]
    forms: str  # the cookie that a browser's forms are bound to
    form_token: str

    def call(self, caller: Caller, method: str, path: str, sent: Sent) -> TestResponse:
        """The request with every proof that the caller has, whichever the route asks for."""
        cookies = {SESSION_COOKIE: caller.session, VISIT_COOKIE: caller.visit, _FORMS: self.forms}
        headers = dict(sent.headers)
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items() if value)
        if caller.bearer:
            headers["Authorization"] = f"Bearer {caller.bearer}"
        if sent.bridge_key:
            headers |= self._signed(f"{method} {path}", sent)
        options: dict[str, Any] = {}
        if sent.json is not None:
            options["json"] = sent.json
        elif sent.data is not None:
            options["data"] = sent.data
        elif path.startswith(("/desk", "/my")) and method != "GET":
            options["data"] = {"csrf_token": self.form_token, **sent.form}
        client = self.app.test_client(use_cookies=False)
        return client.open(path, method=method, headers=headers, **options)

    def _signed(self, route: str, sent: Sent) -> dict[str, str]:
        call_id, at = "msg_00000001", bridging.stamp(self.edges.clock())
        content = bridging.content_of(route, sent.data or b"")
        return {
            "webhook-id": call_id,
            "webhook-timestamp": at,
            "webhook-signature": bridging.signature(sent.bridge_key, call_id, at, content),
        }


def cast(app: Flask, edges: Edges) -> Cast:
    own = _things(edges, 1, "ada@example.com")
    foreign = _things(edges, 2, "bob@example.com")
    browser = app.test_client()
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/desk/sign-in").text)
    forms = browser.get_cookie(_FORMS)
    assert found
    assert forms
    return Cast(app, edges, own, foreign, tuple(_callers(edges, own)), forms.value, found[1])


def _callers(edges: Edges, own: Things) -> Iterator[Caller]:
    for role in Role:
        yield _person(edges, role.value, role)
    left = _person(edges, "an owner who left", Role.OWNER, "left@store.test")
    with edges.database.write() as transaction:
        person = people.find_staff(transaction, "left@store.test")
        assert person
        people.disable(transaction, person.id, edges.clock())
    yield replace(left, role=None)
    yield Caller("nobody")
    link = customer_links.make_link(edges, own.order.id, Purpose.REFUND, by=STAFF)
    visit = customer_links.enter(edges, link)
    yield Caller("a customer", bearer=visit, session=visit, visit=visit)
    yield Caller("a licence", bearer=own.key, session=own.key, visit=own.key, key=own.key)
    yield Caller("the monitor", MONITOR_TOKEN, MONITOR_TOKEN, MONITOR_TOKEN)
    yield Caller("the mail service", RELAY_TOKEN, RELAY_TOKEN, RELAY_TOKEN)
    yield Caller("the store", signs=True)


def _person(edges: Edges, name: str, role: Role, email: str = "") -> Caller:
    staff_id = hire(edges, role, email)
    session = session_of(edges, staff_id)
    token = tokens.make_token(edges, staff_id, "a program", by=STAFF)
    # A person's session opens no customer's page, nor the other way round.
    return Caller(name, bearer=token, session=session, visit=session, role=role)


def _things(edges: Edges, number: int, email: str) -> Things:
    store_id = add_store(edges, url=_nowhere(number))
    work = Bought("setting-up", "90.00", "0.00", "customization", 0)
    order = buy(edges, store_id, replace(PORTAL, sites=3), work, woo_order_id=number, email=email)
    ended = report(edges, order)
    case = report(edges, order, finding=None, gives_up=False, details="It is slow.")
    request_id = ask(edges, order, f"asked-{number}", case_id=ended.id)
    judge(edges, request_id)
    paid = grant(edges, add_order(edges, store_id, woo_order_id=900 + number))
    add_order(edges, store_id, woo_order_id=800 + number)  # nobody asked about this one
    key = key_of(edges, order)
    on, off = (licensed.activate(edges, key, f"{name}{number}.example") for name in ("ada", "gone"))
    licensed.deactivate(edges, off.token)
    charged_id = _charged(edges, order)
    quote = work_quotes.offer_quote(
        edges,
        charged_id,
        work="A new form.",
        amount="80.00",
        currency="EUR",
        valid_until=edges.clock() + days(7),
        by=STAFF,
    )
    with edges.database.write() as transaction:
        (license,) = licenses.list_licenses(transaction, order.id, None)
        active = licenses.list_activations(transaction, [license.id])
        by_site = {one.site: one.id for one in active}
        dispute = disputes.record_dispute(
            transaction, order.id, status="open", opened_at=edges.clock()
        )
        suspicion_id = suspicions.insert_once(
            transaction,
            license.id,
            order.customer_id,
            SuspicionKind.USE_AFTER_REFUND,
            at=edges.clock(),
        )
        steps.insert_step(transaction, paid.id, StepKind.END_LICENSE, license.id, now=edges.clock())
    waits_id, approval_id = _held(edges, store_id, 700 + number)
    pair = _paid_twice(edges, store_id, number)
    handed_over = handing_over.given(edges, case)
    wanted = handing_over.asked(edges, case)
    kept = attachments.attach(edges, case.id, "shot.png", picture(), by=STAFF)
    check = add_check(edges, Verdict.OK, slug=f"plugin-{number}")
    mail_id, free_mail_id = (_mail(edges, number, case_id) for case_id in (case.id, None))
    login_id, entrance = _let_in(edges, store_id, number)
    assert order.customer_id
    assert suspicion_id
    return Things(
        order,
        {
            "store_id": store_id,
            "order_id": order.id,
            "customer_id": order.customer_id,
            "case_id": case.id,
            "ended case": ended.id,
            "request_id": request_id,
            "refund_id": paid.id,
            "license_id": license.id,
            "activation_id": by_site[on.site],
            "activation off": by_site[off.site],
            "attachment_id": kept.id,
            "credential_id": handed_over.id,
            "credential wanted": wanted.id,
            "dispute_id": dispute.id,
            "quote_id": quote.id,
            "charged case": charged_id,
            "suspicion_id": suspicion_id,
            "check_id": check.id,
            "duplicate_id": pair.id,
            "mail_id": mail_id,
            "free mail": free_mail_id,
            "approval_id": approval_id,
            "held request": waits_id,
            "woo_item_id": 12,
            "login_id": login_id,
        },
        key,
        on.token,
        customer_links.make_link(edges, order.id, Purpose.REFUND, by=STAFF),
        stores.NewEndpoint(*stores.add_endpoint(edges, store_id, "order.updated")),
        stores.NewEndpoint(*stores.add_endpoint(edges, store_id, events.TOPIC)),
        make_code(edges, by=STAFF, policy="crmjetty").text,
        entrance,
    )


def _let_in(edges: Edges, store_id: int, number: int) -> tuple[int, str]:
    """A colleague who may come from the store: their login, and the token of a link for it."""
    email, now = f"colleague{number}@store.test", edges.clock()
    staff_id, token = hire(edges, Role.SUPPORT, email), licensing.new_token(edges.random_bytes)
    with edges.database.write() as transaction:
        login = store_logins.record_asked(
            transaction, store_id, 7, email=email, name="A colleague", at=now
        )
        store_logins.record_allowed(transaction, login.id, staff_id=staff_id, by=STAFF)
        store_logins.record_link(
            transaction,
            login.id,
            token_hash=licensing.token_hash(token),
            order_id=None,
            at=now,
            expires_at=now + days(1),
        )
    return login.id, token


def _nowhere(number: int) -> str:
    """An address of this machine at which nobody answers."""
    return f"https://127.0.0.1:9/store{number}"


def _held(edges: Edges, store_id: int, woo_order_id: int) -> tuple[int, int]:
    """A request whose grant waits for a second person, and the number of that approval."""
    decider = f"staff:{hire(edges, Role.OWNER, f'decider{store_id}@store.test')}"
    order = buy(edges, store_id, replace(PORTAL, sites=0), woo_order_id=woo_order_id)
    request_id = ask(edges, order, f"held-{woo_order_id}")
    approval_limits.set_limits(edges, store_id, {"staff": "0.00"}, currency=None, by=decider)
    ruling = Ruling("refund", "They are right.", {11: "199.00"})
    overrides.override(edges, request_id, ruling, by=decider)
    approval_limits.set_limits(edges, store_id, {"staff": None}, currency=None, by=decider)
    with edges.database.read() as transaction:
        approval = approvals.find_open(transaction, request_id)
    assert approval
    return request_id, approval.id


def _mail(edges: Edges, number: int, case_id: int | None) -> int:
    """A mail that nobody vouches for, led to a case or to none; it waits for a person."""
    raw = f"From: ada@example.com\r\n\r\nMail {number} to {case_id}".encode()
    mail_id, _ = arrivals.keep_mail(edges, raw)
    landing.read_arrival(edges, mail_id)
    if case_id is not None:
        arrival_work.lead_to(edges, mail_id, case_id=case_id, order_id=None, by=STAFF)
    return mail_id


def _paid_twice(edges: Edges, store_id: int, number: int) -> Duplicate:
    """A pair of payments that waits for a person."""
    stays, extra = (
        add_order(edges, store_id, woo_order_id=woo_order_id)
        for woo_order_id in (500 + number, 600 + number)
    )
    kind = DuplicateKind.TWO_ORDERS
    new = NewDuplicate(store_id, kind, stays.id, extra.id, extra.total, ("same_products",), ())
    with edges.database.write() as transaction:
        pair = duplicates.insert_duplicate_once(transaction, new, now=edges.clock())
    assert pair
    return pair


def _charged(edges: Edges, order: Order) -> int:
    about = replace(intake(edges, order, "malfunction"), category="customization")
    return cases.open_case(edges, about, by=STAFF).id


Maker = Callable[[Cast, Caller, Things], Sent]


def _sends(**what: Any) -> Maker:
    return lambda cast, caller, things: Sent(**what)


def _says(name: str, into: str = "case_id", **fields: Any) -> Maker:
    """A form of the page of a case, which brings the last turn its page showed."""

    def make(cast: Cast, caller: Caller, things: Things) -> Sent:
        case_id = things.ids["ended case" if name == "reopen" else into]
        turns = cases.show_case(cast.edges, case_id).turns
        seen = str(turns[-1].id if turns else 0)
        return Sent(303, form={"words": "We looked into it.", "seen": seen, **fields})

    return make


def _writes_to_support(cast: Cast, caller: Caller, things: Things) -> Sent:
    """The customer's message, which brings the last turn that their page knew of."""
    page = order_home.show_order(cast.edges, things.order.id, "en")
    form = {"words": "It happens again.", "last_turn": str(page.last_turn)}
    return Sent(303, form=form)


def _decides(cast: Cast, caller: Caller, things: Things) -> Sent:
    """The form of a request's page, which brings what had been decided when it was shown."""
    with cast.edges.database.read() as transaction:
        seen = seen_of(transaction, things.ids["request_id"])
    return Sent(303, form={"ruling": "refuse", "because": "It works here.", "seen": seen})


def _by_key(status: int = 200, *, changes: bool = False, **also: Any) -> Maker:
    """What licensed software sends. Whoever holds no key guesses one."""
    return lambda cast, caller, things: Sent(
        status, json={"key": caller.key or NO_KEY, **also}, changes=changes
    )


def _off(cast: Cast, caller: Caller, things: Things) -> Sent:
    return Sent(json={"token": things.site_token if caller.key else licensing.new_token(_zeros)})


def _zeros(size: int) -> bytes:
    return bytes(size)


def _delivers(cast: Cast, caller: Caller, things: Things) -> Sent:
    headers = {"Content-Type": "application/json", "X-WC-Webhook-Topic": "order.updated"}
    if caller.signs:
        headers["X-WC-Webhook-Signature"] = sign(cast.own.endpoint.secret, ORDER)
    # A machine too slow to store it at once keeps it in a file, and no row is written yet.
    return Sent(data=ORDER, headers=headers, changes=False)


def _by_bridge(*, changes: bool = True, **said: Any) -> Maker:
    """What a connected bridge says; whoever is not the store signs with a secret of their own."""

    def make(cast: Cast, caller: Caller, things: Things) -> Sent:
        key = cast.own.connection.secret if caller.signs else "nobody's"
        body = {"address": _nowhere(things.ids["store_id"]), **said}
        return Sent(data=json.dumps(body).encode(), bridge_key=key.encode(), changes=changes)

    return make


def _by_customer(*, status: int = 200, changes: bool = True, **said: Any) -> Maker:
    """What a bridge says for whoever bought the order; 0 stands for a thing of theirs."""

    def make(cast: Cast, caller: Caller, things: Things) -> Sent:
        named = {
            "customer": {"id": 7, "email": "ada@example.com"},
            "order": cast.own.order.woo_order_id,
            **said,
            **{
                name: cast.own.ids[key]
                for name, key in (("site", "activation_id"), ("offer", "quote_id"))
                if name in said
            },
        }
        sent = _by_bridge(changes=changes, **named)(cast, caller, things)
        return replace(sent, status=status)

    return make


def _by_code(status: int, **said: Any) -> Maker:
    """What a bridge says that has a code; whoever is not the store has guessed at half of it."""

    def make(cast: Cast, caller: Caller, things: Things) -> Sent:
        code = things.code if caller.signs else things.code[:9] + "a" * 29
        desk = cast.app.extensions["refunddesk"].settings.public_url
        body = {"code": bridging.name_of(code), "desk": desk, **said}
        return Sent(
            status, data=json.dumps(body).encode(), bridge_key=bridging.key_of(code), changes=False
        )

    return make


def _person_at(cast: Cast) -> int:
    with cast.edges.database.read() as transaction:
        person = people.find_staff(transaction, "colleague1@store.test")
    assert person
    return person.id


def _replies(cast: Cast, caller: Caller, things: Things) -> Sent:
    seen = order_home.show_order(cast.edges, cast.own.order.id, "en").last_turn
    return _by_customer(words="It happens again.", last_turn=seen)(cast, caller, things)


_INTRODUCED = {
    "site": "1",
    "address": _nowhere(3),
    "consumer_key": "ck_1",
    "consumer_secret": "cs_1",
}


def _asks(cast: Cast, caller: Caller, things: Things) -> Sent:
    body = {
        "store": things.ids["store_id"],
        "woo_order_id": 800 + things.order.woo_order_id,
        "request_key": "another",
        "channel": "email",
        "from_account_address": True,
    }
    return Sent(201, json=body)


def _uploads(cast: Cast, caller: Caller, things: Things) -> Sent:
    # No zip at all: it is let through to the reading, which says so.
    return Sent(422, form={"zip": (io.BytesIO(b"no zip"), "mine.zip")}, changes=False)


_REPORT = {"reason": "malfunction", "details": "It does nothing.", "no_screenshots": True}
_READS = _sends(changes=False)

#: What to send to each route, and what it answers to whom it lets through. A new route gets a line.
MAKERS: Mapping[str, Maker] = {
    "GET /api/activations/{activation_id}/receipt": _READS,
    "GET /api/attachments/{attachment_id}": _READS,
    "GET /api/cases": _sends(query="?after=0", changes=False),
    "GET /api/cases/due/{side}": _READS,
    "GET /api/cases/overdue/{side}": _READS,
    "GET /api/cases/{case_id}": _READS,
    "GET /api/customers/{customer_id}/infringements": _READS,
    "GET /api/orders": lambda cast, caller, things: Sent(
        query=f"?store={things.ids['store_id']}&woo_order_id={things.order.woo_order_id}",
        changes=False,
    ),
    "GET /api/orders/{order_id}": _READS,
    "GET /api/orders/{order_id}/facts": _READS,
    "GET /api/orders/{order_id}/quote": _READS,
    "GET /api/payments": _READS,
    "GET /api/refund-requests/{request_id}": _READS,
    "GET /api/refunds/{refund_id}": _READS,
    "GET /api/stores/{store_id}/products/{product}": _READS,
    "GET /api/stores/{store_id}/approval-limits": _READS,
    "GET /api/suspicions": _READS,
    "GET /desk/": _READS,
    "GET /desk/attachments/{attachment_id}": _READS,
    "GET /desk/cases/{case_id}": _READS,
    "GET /desk/checks/{check_id}": _READS,
    "GET /desk/customers/{customer_id}": _READS,
    "GET /desk/desk.css": _READS,
    "GET /desk/icon.svg": _READS,
    "GET /desk/mails": _READS,
    "GET /desk/mails/{mail_id}": _READS,
    "GET /desk/mails/{mail_id}/raw": _READS,
    "GET /desk/from-store/{entrance}": _READS,
    "GET /desk/orders/{order_id}": _READS,
    "GET /desk/payments": _READS,
    "GET /desk/plugins": _READS,
    "GET /desk/refunds/{refund_id}": _READS,
    "GET /desk/requests/{request_id}": _READS,
    "GET /desk/search": _sends(query="?q=1", changes=False),
    "GET /desk/sign-in": _READS,
    "GET /desk/stores": _READS,
    "GET /desk/suspicions": _READS,
    "GET /healthz": _sends(status=503, changes=False),  # no queue and no dispatcher run here
    "GET /licenses/openapi.json": _READS,
    "GET /metrics": _READS,
    "GET /my/": _READS,
    "GET /my/credentials": _READS,
    "GET /my/enter/{token}": _READS,
    "GET /my/icon.svg": _READS,
    "GET /my/link": _READS,
    "GET /my/portal.css": _READS,
    "GET /my/renewal": _sends(status=404, changes=False),  # the order has no subscription
    "GET /my/withdrawal": _sends(status=303, changes=False),  # the order was asked about
    "GET /policies/{store_id}/": _READS,
    "GET /policies/{store_id}/{language}/": _READS,
    "GET /policies/{store_id}/{language}/{version}": _READS,
    "GET /readyz": _READS,
    "PATCH /api/cases/{case_id}": _sends(json={"product_version": "2.2"}),
    "PATCH /api/orders/{order_id}/facts": _sends(json={"promotion": "spring-sale"}),
    "PATCH /api/customers/{customer_id}": _sends(json={"is_consumer": True}),
    "PATCH /api/disputes/{dispute_id}": _sends(json={"status": "lost", "closed_at": None}),
    "PATCH /api/licenses/{license_id}": _sends(json={"customized": True}),
    "POST /api/activations/{activation_id}/deactivate": _sends(json={"because": "It is gone."}),
    "POST /api/approvals/{approval_id}/approve": _sends(),
    "POST /api/approvals/{approval_id}/decline": _sends(json={"because": "Ask first."}),
    "POST /api/cases": lambda cast, caller, things: Sent(
        201, json={"order": things.ids["order_id"], **_REPORT}
    ),
    "POST /api/cases/{case_id}/attachments": _sends(
        status=201, data=picture("JPEG"), query="?name=second.jpg"
    ),
    "POST /api/cases/{case_id}/end": _sends(status=201, json={"outcome": "resolved", "why": "Ok."}),
    "POST /api/cases/{case_id}/findings": _sends(
        status=201, json={"finding": "malfunction", "why": "It was seen."}
    ),
    "POST /api/cases/{case_id}/quotes": lambda cast, caller, things: Sent(
        409,  # a malfunction is mended for nothing
        json={
            "work": "A form.",
            "amount": "10.00",
            "currency": "EUR",
            "valid_until": f"{cast.edges.clock() + days(3):%Y-%m-%dT%H:%M:%SZ}",
        },
        changes=False,
    ),
    "POST /api/cases/{case_id}/reopen": _sends(status=201, json={"why": "It is back."}),
    "POST /api/cases/{case_id}/turns": _sends(status=201, json={"kind": "note", "words": "Hm."}),
    "POST /api/customers/{customer_id}/suspicions": _sends(
        status=201, json={"evidence": "Offered on a forum."}
    ),
    "POST /api/licenses/{license_id}/new-key": _sends(),
    "POST /api/privacy/erase": _sends(json={"email": "ada@example.com"}, changes=False),
    "POST /api/privacy/export": _sends(json={"email": "ada@example.com"}),
    "POST /api/duplicates/{duplicate_id}/drop": _sends(json={"because": "It was meant."}),
    "POST /api/duplicates/{duplicate_id}/return": _sends(),
    "POST /api/orders/{order_id}/close": _sends(status=409, changes=False),  # it is paid
    "POST /api/orders/{order_id}/disputes": _sends(status=201, json={"status": "open"}),
    "POST /api/orders/{order_id}/items/{woo_item_id}/delivery": _sends(status=201, json={}),
    "POST /api/orders/{order_id}/links": _sends(json={}),
    "POST /api/orders/{order_id}/materials": _sends(changes=False),  # the product has none
    "POST /api/quotes/{quote_id}/answer": _sends(json={"accepts": True}),
    "POST /api/refund-requests": _asks,
    "POST /api/refund-requests/{request_id}/destruction": _sends(),
    "POST /api/refund-requests/{request_id}/override": _sends(
        json={"ruling": "refuse", "because": "It works here."}
    ),
    "POST /api/refund-requests/{request_id}/withdraw": _sends(),
    "POST /api/suspicions/{suspicion_id}/confirm": _sends(json={"evidence": "Seen online."}),
    "POST /api/suspicions/{suspicion_id}/drop": _sends(json={"because": "A mistake."}),
    "POST /bridge/connect": _by_code(502, **_INTRODUCED),  # the store does not answer
    "POST /bridge/greet": _by_code(200),
    "POST /bridge/{connection}/privacy/erase": _by_bridge(email="ada@example.com", changes=False),
    "POST /bridge/{connection}/privacy/export": _by_bridge(email="ada@example.com"),
    "POST /bridge/{connection}/account/about": _by_bridge(changes=False),
    "POST /bridge/{connection}/account/answer-offer": _by_customer(offer=0, answer="accept"),
    "POST /bridge/{connection}/account/ask": _by_customer(
        status=409,  # the order's request is open
        request_key="0" * 32,
        reason="malfunction",
        changes=False,
    ),
    "POST /bridge/{connection}/account/declare-withdrawal": _by_customer(
        status=409, request_key="0" * 32, changes=False
    ),
    "POST /bridge/{connection}/account/order": _by_customer(changes=False),
    "POST /bridge/{connection}/account/orders": _by_customer(orders=[1, 2], changes=False),
    "POST /bridge/{connection}/account/reply": _replies,
    "POST /bridge/{connection}/account/report": _by_customer(product_version="2.3"),
    "POST /bridge/{connection}/account/say-lost": _by_customer(site=0),
    "POST /bridge/{connection}/account/statement": _by_customer(destroyed=True),
    "POST /bridge/{connection}/account/switch-off": _by_customer(site=0),
    "POST /bridge/{connection}/account/take-back": _by_customer(),
    "POST /bridge/{connection}/check": _by_bridge(changes=False),
    "POST /bridge/{connection}/disconnect": _by_bridge(),
    "POST /bridge/{connection}/events": _by_bridge(changes=False, type="order.deleted", order=1),
    "POST /bridge/{connection}/owner/health": _by_bridge(changes=False),
    "POST /bridge/{connection}/owner/order": _by_bridge(changes=False, order=1),
    "POST /bridge/{connection}/owner/sign-in": _by_bridge(
        user=7, email="colleague1@store.test", name="A colleague"
    ),
    "POST /bridge/{connection}/webhooks": _by_bridge(changes=False),
    "POST /desk/cases/{case_id}/attach": lambda cast, caller, things: Sent(
        303, form={"file": (io.BytesIO(picture("JPEG")), "second.jpg")}
    ),
    "POST /desk/cases/{case_id}/credentials": _says("access", into="charged case"),
    "POST /desk/cases/{case_id}/credentials/{credential_id}/destroy": _sends(status=303),
    "POST /desk/cases/{case_id}/credentials/{credential_id}/reveal": _sends(
        form={"words": "To read the log."}
    ),
    "POST /desk/cases/{case_id}/credentials/{credential_id}/withdraw": _sends(status=303),
    "POST /desk/cases/{case_id}/deliver": _sends(status=303, form={"item": "12"}),
    "POST /desk/cases/{case_id}/materials": _sends(status=303, changes=False),  # there are none
    "POST /desk/cases/{case_id}/quote": lambda cast, caller, things: replace(
        _says("quote", amount="10.00", valid_until="2026-12-31")(cast, caller, things),
        status=409,  # a malfunction is mended for nothing
        changes=False,
    ),
    "POST /desk/cases/{case_id}/quote-answer": lambda cast, caller, things: Sent(
        303, form={"quote": things.ids["quote_id"], "answer": "declined", "seen": "0"}
    ),
    "POST /desk/cases/{case_id}/report": lambda cast, caller, things: Sent(
        303,
        form={
            "fingerprint": cases.fingerprint(
                cases.show_case(cast.edges, things.ids["case_id"]).case
            ),
            "reason": "malfunction",
            "category": "bug",
            "details": "It does nothing.",
        },
    ),
    "POST /desk/cases/{case_id}/end": _says("end", outcome="resolved"),
    "POST /desk/cases/{case_id}/find": _says("find", finding="malfunction"),
    "POST /desk/cases/{case_id}/reopen": _says("reopen"),
    "POST /desk/cases/{case_id}/say": _says("say", kind="note"),
    "POST /desk/duplicates/{duplicate_id}/drop": _sends(
        status=303, form={"because": "It was meant."}
    ),
    "POST /desk/duplicates/{duplicate_id}/return": _sends(status=303),
    "POST /desk/orders/{order_id}/close": _sends(status=409, changes=False),
    "POST /desk/checks/{check_id}/again": _sends(status=303),
    "POST /desk/customers/{customer_id}/accuse": _sends(status=303, form={"words": "A letter."}),
    "POST /desk/customers/{customer_id}/clear": _sends(status=409, changes=False),  # none is open
    "POST /desk/customers/{customer_id}/suspect": _sends(status=303, form={"words": "A forum."}),
    "POST /desk/mails/{mail_id}/aside": _sends(status=303),
    # There is a request for this order already.
    "POST /desk/mails/{mail_id}/ask": _sends(status=409, changes=False),
    "POST /desk/mails/{mail_id}/lead": lambda cast, caller, things: Sent(
        303, form={"kind": "case", "number": str(things.ids["case_id"])}
    ),
    "POST /desk/mails/{mail_id}/reply": _sends(status=303),
    "POST /desk/plugins": _uploads,
    "POST /desk/requests/{request_id}/approve/{approval_id}": _sends(status=303),
    "POST /desk/requests/{request_id}/decline/{approval_id}": _sends(
        status=303, form={"because": "Ask first."}
    ),
    "POST /desk/requests/{request_id}/override": _decides,
    "POST /mails": _sends(status=201, data=b"From: ada@example.com\r\n\r\nHello."),
    "POST /desk/sign-in": _sends(
        status=401, form={"email": "nobody@store.test", "password": "x"}, changes=False
    ),
    "POST /desk/sign-out": _sends(status=303),
    "POST /desk/stores/codes": _sends(form={"policy": "crmjetty"}),
    "POST /desk/from-store/{entrance}": _sends(status=303),
    "POST /desk/stores/logins/{login_id}/allow": lambda cast, caller, things: Sent(
        303, form={"staff": str(_person_at(cast))}
    ),
    "POST /desk/stores/logins/{login_id}/withdraw": _sends(status=303),
    "POST /desk/stores/{store_id}/disconnect": _sends(),  # the page names what is left there
    "POST /desk/suspicions/{suspicion_id}/confirm": _sends(status=303, form={"words": "Seen."}),
    "POST /desk/suspicions/{suspicion_id}/drop": _sends(status=303, form={"words": "A mistake."}),
    "POST /hooks/{endpoint_id}": _delivers,
    "POST /licenses/activate": _by_key(site="third.example", changes=True),
    "POST /licenses/activations": _by_key(),
    "POST /licenses/deactivate": _off,
    "POST /licenses/validate": _by_key(site="ada1.example", changes=True),
    "POST /my/ask": lambda cast, caller, things: Sent(
        409,  # the order's request is open
        form={"request_key": secrets.token_hex(16), "reason": "malfunction"},
        changes=False,
    ),
    "POST /my/credentials/{credential_id}/destroy": _sends(status=303),
    "POST /my/credentials/{credential_id}/give": _sends(
        status=303, form={"host": "ada.example", "protocol": "sftp", "user": "a", "password": "b"}
    ),
    "POST /my/enter/{token}": _sends(status=303),
    "POST /my/language": _sends(status=303, form={"language": "fr"}),
    "POST /my/leave": _sends(status=303),
    "POST /my/link": _sends(form={"number": "1", "email": "ada@example.com"}),
    "POST /my/quotes/{quote_id}": _sends(status=303, form={"answer": "accept"}),
    "POST /my/renewal/end": _sends(status=404, changes=False),
    "POST /my/renewal/take-back": _sends(
        status=409,  # the order is a first purchase
        form={"request_key": "0" * 32},
        changes=False,
    ),
    "POST /my/reply": _writes_to_support,
    "POST /my/report": _sends(status=303, form={"product_version": "2.3"}),
    "POST /my/sites/{activation_id}/lost": _sends(status=303),
    "POST /my/sites/{activation_id}/off": _sends(status=303),
    "POST /my/statement": _sends(status=303, form={"destroyed": "yes"}),
    "POST /my/withdraw": _sends(status=303),
    "POST /my/withdrawal": _sends(status=409, form={"request_key": "0" * 32}, changes=False),
    "PUT /api/stores/{store_id}/approval-limits": _sends(json={"staff": "5.00"}),
    "PUT /api/stores/{store_id}/products/{product}": _sends(
        json={"materials": [], "not_on_wordpress_com": False}
    ),
}

#: Routes about another thing than their parameter's name says.
ABOUT = {
    "POST /api/cases/{case_id}/reopen": {"case_id": "ended case"},
    "POST /desk/cases/{case_id}/reopen": {"case_id": "ended case"},
    "POST /desk/cases/{case_id}/quote-answer": {"case_id": "charged case"},
    "POST /desk/cases/{case_id}/credentials": {"case_id": "charged case"},
    "POST /desk/cases/{case_id}/credentials/{credential_id}/withdraw": {
        "credential_id": "credential wanted"
    },
    "POST /my/credentials/{credential_id}/give": {"credential_id": "credential wanted"},
    "POST /desk/mails/{mail_id}/lead": {"mail_id": "free mail"},
    "GET /api/activations/{activation_id}/receipt": {"activation_id": "activation off"},
    "POST /desk/requests/{request_id}/approve/{approval_id}": {"request_id": "held request"},
    "POST /desk/requests/{request_id}/decline/{approval_id}": {"request_id": "held request"},
}
