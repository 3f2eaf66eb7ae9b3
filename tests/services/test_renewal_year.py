"""A year of renewals, day by day, and a desk that dies around every commit when there is work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage

from refunddesk.db import orders, outbox
from refunddesk.jobnames import JobName
from refunddesk.mail.letter import Sender
from refunddesk.mail.sending import Mail
from refunddesk.services import renewals as announcing
from refunddesk.services import stores
from refunddesk.services.claims import build_claim
from refunddesk.services.subscriptions import record_subscription
from refunddesk.worktime import zone
from tests.selling import Shop
from tests.services.dying import dies_at

BERLIN = zone("Europe/Berlin")
BEGIN = datetime(2028, 1, 30, 12, tzinfo=UTC)
#: On PostgreSQL no more than the leap day and the spring hour are lived through: half a minute.
ENDS = {
    "sqlite": datetime(2029, 3, 5, 12, tzinfo=UTC),
    "postgresql": datetime(2028, 5, 5, tzinfo=UTC),
}


def days(*texts: str) -> tuple[date, ...]:
    return tuple(map(date.fromisoformat, texts))


@dataclass(frozen=True, slots=True)
class Bought:
    """One subscription: when and where it was bought, how many days ahead its renewals are
    announced, and on which days of the store they come: as `wcs_add_time` of Subscriptions 7.9.0
    answered, asked again and again.
    """

    sku: str
    country: str
    at: datetime
    amount: str
    lead: int
    due: tuple[date, ...]

    @property
    def email(self) -> str:
        return f"{self.sku}-{self.country}-{self.at:%d%H}@example.com".lower()


#: The last minute of 31 January in the store, which in summer is the first hour of the next day;
#: a leap day; and renewals in the hour that spring leaves out (26 March) and in the one that comes
#: twice in autumn (29 October).
ALL = (
    Bought(
        "SUB-M", "GB", datetime(2028, 1, 31, 22, 59, tzinfo=UTC), "€9.99", 3,
        days("2028-02-29", "2028-04-01", "2028-05-01", "2028-06-01", "2028-07-01", "2028-08-01",
             "2028-09-01", "2028-10-01", "2028-10-31", "2028-11-30", "2028-12-31", "2029-01-31",
             "2029-02-28"),
    ),
    Bought(
        "SUB-M", "US", datetime(2028, 2, 29, 0, 30, tzinfo=UTC), "€9.99", 7,
        days("2028-03-31", "2028-04-30", "2028-05-31", "2028-06-30", "2028-07-31", "2028-08-31",
             "2028-09-30", "2028-10-31", "2028-11-30", "2028-12-31", "2029-01-31", "2029-02-28"),
    ),
    Bought(
        "SUB-M", "IE", datetime(2028, 2, 26, 1, 30, tzinfo=UTC), "€9.99", 3,
        days("2028-03-26", "2028-04-26", "2028-05-26", "2028-06-26", "2028-07-26", "2028-08-26",
             "2028-09-26", "2028-10-26", "2028-11-26", "2028-12-26", "2029-01-26", "2029-02-26"),
    ),
    Bought(
        "SUB-M", "NL", datetime(2028, 9, 29, 0, 30, tzinfo=UTC), "€9.99", 3,
        days("2028-10-29", "2028-11-29", "2028-12-29", "2029-01-29", "2029-02-28"),
    ),
    Bought("SUB-Y", "GB", datetime(2028, 1, 31, 22, 59, tzinfo=UTC), "€79.99", 14,
           days("2029-01-31")),
    Bought("SUB-Y", "US", datetime(2028, 2, 29, 12, tzinfo=UTC), "€79.99", 21, days("2029-03-01")),
)  # fmt: skip


@dataclass(slots=True)
class Year:
    """A shop that sells `ALL`, and the desk's post: when each mail went out, by its recipient."""

    shop: Shop
    end: datetime
    sold: dict[int, Bought] = field(default_factory=dict)
    turn: int = 0
    deaths: int = 0
    post: dict[str, tuple[datetime, EmailMessage]] = field(default_factory=dict)

    def send(self, message: EmailMessage) -> None:
        """As mail programs do, show what comes again under the same Message-ID once."""
        self.post.setdefault(str(message["Message-ID"]), (self.shop.clock(), message))

    def live(self) -> None:
        """Everything that happens until the end, in its order; the desk looks once a day."""
        to_sell = sorted(ALL, key=lambda bought: bought.at)
        look_at = BEGIN
        while self.shop.clock() < self.end:
            self.shop.clock.at = max(self.shop.clock(), min(self._moments(to_sell, look_at)))
            while to_sell and to_sell[0].at <= self.shop.clock():
                self._sell(to_sell.pop(0))
            for woo_id, due_at in self._due().items():
                if due_at <= self.shop.clock():
                    self._charge(woo_id)
            if look_at <= self.shop.clock():
                announcing.promise_reminders(self.shop.edges)
                look_at += timedelta(days=1)
            self._work()

    def mails(self, bought: Bought, beginning: str) -> list[tuple[datetime, str]]:
        return [
            (at, str(message["Subject"]).replace("\u00a0", " "))
            for at, message in self.post.values()
            if message["To"] == bought.email and str(message["Subject"]).startswith(beginning)
        ]

    def texts(self, bought: Bought, beginning: str) -> list[str]:
        found = [
            message.get_body(("plain",))
            for _, message in self.post.values()
            if message["To"] == bought.email and str(message["Subject"]).startswith(beginning)
        ]
        return [body.get_content().replace("\u00a0", " ") for body in found if body]

    def _work(self) -> None:
        """Keep what is due, once in a life that ends early: at another commit every time."""
        with self.shop.edges.database.read() as transaction:
            due = outbox.list_due(transaction, self.shop.clock())
        if due:
            self.turn += 1
            commit, before = self.turn % 9 + 1, bool(self.turn % 2)
            self.deaths += dies_at(self.shop, lambda life: life.work(), commit, before=before)
            self.shop.work()

    def _moments(self, to_sell: list[Bought], look_at: datetime) -> Iterator[datetime]:
        yield look_at
        yield from self._due().values()
        if to_sell:
            yield to_sell[0].at
        with self.shop.edges.database.read() as transaction:
            yield from (row.due_at for row in outbox.list_open(transaction))

    def _due(self) -> dict[int, datetime]:
        bodies = (self.shop.sandbox.documents.find("subscription", one) for one in self.sold)
        return {
            int(body["id"]): datetime.fromisoformat(body["next_payment_date_gmt"]).replace(
                tzinfo=UTC
            )
            for body in bodies
            if body
        }

    def _sell(self, bought: Bought) -> None:
        billing = {"email": bought.email, "country": bought.country, "first_name": "Ada"}
        body = self.shop.sandbox.add_subscription(bought.sku, billing=billing)
        self.sold[int(body["id"])] = bought
        self.shop.record(int(body["parent_id"]))
        record_subscription(self.shop.edges, self.shop.store_id, int(body["id"]))

    def _charge(self, woo_id: int) -> None:
        """The store takes the payment, and its webhook reaches the desk."""
        order = self.shop.sandbox.add_renewal(woo_id)
        with self.shop.edges.database.write() as transaction:
            subject = f"{self.shop.store_id}:{order['id']}"
            outbox.promise(transaction, JobName.RECORD_ORDER, subject, due_at=self.shop.clock())


def lived(shop: Shop) -> Year:
    shop.clock.at = BEGIN
    stores.add_item_rule(shop.edges, shop.store_id, field="sku", value="SUB-*", item_kind="product")
    year = Year(shop, ENDS[shop.edges.database.engine.dialect.name])
    mail = Mail(Sender("support@store.test"), year.send, "https://desk.test")
    year.shop = replace(shop, edges=replace(shop.edges, mail=mail))
    year.live()
    return year


def test_each_renewal_of_the_year_is_announced_in_time_and_receipted_once(shop: Shop) -> None:
    year = lived(shop)
    renewals = 0
    for bought in ALL:
        due = [on for on in bought.due if on < year.end.date()]
        renewals += len(due)
        reminders = year.mails(bought, "Your subscription renews")
        assert [subject for _, subject in reminders] == [
            f"Your subscription renews on {on.day} {on:%B %Y}: {bought.amount}" for on in due
        ], bought
        for (sent_at, _), on in zip(reminders, due, strict=True):
            local = sent_at.astimezone(BERLIN)
            assert local.date() == on - timedelta(days=bought.lead), bought
            assert 9 <= local.hour < 11, bought

        texts = year.texts(bought, "Receipt")
        assert len(texts) == len(due), bought
        for text, on, then in zip(texts, due, (*due[1:], None)[: len(due)], strict=True):
            assert f"was renewed on {on.day} {on:%B %Y}. {bought.amount} was taken" in text
            if then:
                next_on = f"The next renewal is on {then.day} {then:%B %Y}, for {bought.amount}."
                assert next_on in text
    assert proofs(year) == {("renewal_reminder", "renewal_receipt"): renewals}
    assert year.deaths > len(year.post)
    assert len(year.post) == 2 * renewals


def proofs(year: Year) -> dict[tuple[str, ...], int]:
    """Which notices the claims of all renewals name as sent, and in how many claims."""
    found: dict[tuple[str, ...], int] = {}
    for body in year.shop.sandbox.documents.list("order"):
        order = year.shop.find(int(body["id"]))
        assert order
        if order.kind != "renewal":
            continue
        with year.shop.edges.database.read() as transaction:
            claim = build_claim(transaction, None, order, year.shop.clock(), lock=False)
            assert orders.list_items(transaction, order.id)
        kinds = tuple(one.kind for one in claim.notices or ())
        found[kinds] = found.get(kinds, 0) + 1
    return found
