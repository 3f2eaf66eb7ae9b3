"""A key lies in a file of its own, opens one secret, and is gone for good once it is destroyed."""

from __future__ import annotations

import os
import secrets
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from refunddesk.access import MOST, PROTOCOLS, Access
from refunddesk.sealing import SealBroken, Sealer, new_key
from refunddesk.vault import KeyGone, Vault, VaultAway

ACCESS = Access("sftp.ada.example", "sftp", "ada", 'pa ss"wörd', "Port 2222")
TODAY = date(2026, 3, 2)


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([new_key()])


@pytest.fixture
def vault(tmp_path: Path, sealer: Sealer) -> Vault:
    return Vault(tmp_path / "vault", sealer, secrets.token_bytes)


def keys(vault: Vault) -> list[Path]:
    return sorted(vault.folder.glob("*.key"))


def age(vault: Vault, **by: float) -> datetime:
    """Date every key back; the present."""
    now = datetime.now(UTC)
    for path in keys(vault):
        before = (now - timedelta(**by)).timestamp()
        os.utime(path, (before, before))
    return now


def test_what_is_sealed_opens_with_its_key_and_shows_nothing_without(vault: Vault) -> None:
    name, sealed = vault.seal("the secret", "credential:1")
    assert vault.open(name, sealed, "credential:1") == "the secret"
    assert b"the secret" not in sealed
    assert vault.has(name)


def test_each_secret_has_a_key_of_its_own(vault: Vault) -> None:
    (one, first), (two, second) = (vault.seal("same", "credential:1") for _ in range(2))
    assert first != second
    with pytest.raises(SealBroken):
        vault.open(one, second, "credential:1")
    with pytest.raises(SealBroken):
        vault.open(two, first, "credential:1")


def test_what_is_put_into_another_row_does_not_open(vault: Vault) -> None:
    name, sealed = vault.seal("the secret", "credential:1")
    with pytest.raises(SealBroken):
        vault.open(name, sealed, "credential:2")
    with pytest.raises(SealBroken):
        vault.open(name, sealed[:-1] + bytes([sealed[-1] ^ 1]), "credential:1")


def test_a_destroyed_key_opens_nothing_any_more_whoever_destroys_it_again(vault: Vault) -> None:
    name, sealed = vault.seal("the secret", "credential:1")
    other, kept = vault.seal("another", "credential:2")
    for _ in range(2):
        vault.destroy(name)
        assert not vault.has(name)
        with pytest.raises(KeyGone):
            vault.open(name, sealed, "credential:1")
    assert vault.open(other, kept, "credential:2") == "another"


def test_the_key_is_overwritten_before_its_file_goes(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, sealed = vault.seal("the secret", "credential:1")
    monkeypatch.setattr(Path, "unlink", lambda self: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(OSError, match="killed"):
        vault.destroy(name)
    (left,) = keys(vault)
    assert set(left.read_bytes()) == {0}
    # Whoever was stopped between the two has destroyed it all the same.
    assert not vault.has(name)
    with pytest.raises(KeyGone):
        vault.open(name, sealed, "credential:1")
    monkeypatch.undo()
    vault.destroy(name)
    assert keys(vault) == []


def test_nothing_is_said_to_be_destroyed_while_the_vault_is_away(vault: Vault) -> None:
    name, _ = vault.seal("the secret", "credential:1")
    away = vault.folder.rename(vault.folder.with_name("unmounted"))
    with pytest.raises(VaultAway, match="mkdir -m 700"):
        vault.destroy(name)
    assert not vault.has(name)
    away.rename(vault.folder)
    assert vault.has(name)


def test_the_folder_and_its_keys_are_their_owner_s_alone(vault: Vault) -> None:
    old = os.umask(0)
    try:
        vault.seal("the secret", "credential:1")
    finally:
        os.umask(old)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in vault.folder.iterdir()}
    assert (stat.S_IMODE(vault.folder.stat().st_mode), modes) == (0o700, {0o600})
    assert vault.list_open_to_others() == []
    (key,) = keys(vault)
    key.chmod(0o640)
    assert vault.list_open_to_others() == [key]


def test_backup_programs_are_told_to_leave_the_folder_out(vault: Vault) -> None:
    vault.seal("the secret", "credential:1")
    tag = (vault.folder / "CACHEDIR.TAG").read_bytes()
    assert tag.startswith(b"Signature: 8a477f597d28d172789f06886806bc55")


def test_the_file_alone_is_no_key(vault: Vault, tmp_path: Path) -> None:
    name, sealed = vault.seal("the secret", "credential:1")
    thief = Vault(vault.folder, Sealer([new_key()]), secrets.token_bytes)
    with pytest.raises(SealBroken, match="REFUNDDESK_SEALING_KEYS"):
        thief.open(name, sealed, "credential:1")
    with pytest.raises(SealBroken):
        thief.check(name)
    vault.check(name)


def test_a_key_that_was_put_behind_a_new_one_still_opens(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    before = Vault(tmp_path, Sealer([old]), secrets.token_bytes)
    name, sealed = before.seal("the secret", "credential:1")
    after = Vault(tmp_path, Sealer([new, old]), secrets.token_bytes)
    assert after.open(name, sealed, "credential:1") == "the secret"


def test_a_damaged_or_swapped_key_opens_nothing(vault: Vault) -> None:
    (one, first), (two, _) = (vault.seal("same", "credential:1") for _ in range(2))
    place = vault.folder / f"{one}.key"
    place.write_bytes((vault.folder / f"{two}.key").read_bytes())
    with pytest.raises(SealBroken):
        vault.open(one, first, "credential:1")
    for damaged in (b"x", b"x" * 60):
        place.write_bytes(damaged)
        with pytest.raises(SealBroken):
            vault.open(one, first, "credential:1")


def test_keys_that_nobody_knows_are_destroyed_after_an_hour(vault: Vault) -> None:
    known, _ = vault.seal("known", "credential:1")
    vault.seal("a row that never came", "credential:2")
    now = age(vault, hours=1)
    hour = timedelta(hours=1)
    assert vault.destroy_strays({known}, now - hour - timedelta(seconds=1)) == 0
    assert vault.destroy_strays({known}, now - hour + timedelta(seconds=1)) == 1
    assert [path.stem for path in keys(vault)] == [known]


def test_a_key_whose_writer_was_killed_is_swept_away_too(vault: Vault) -> None:
    name, _ = vault.seal("the secret", "credential:1")
    begun = vault.folder / f"{'a' * 40}.begun"
    begun.write_bytes(b"half a key")
    assert vault.destroy_strays({name}, datetime.now(UTC) + timedelta(seconds=5)) == 1
    assert not begun.exists()
    assert vault.has(name)


def test_no_name_leads_out_of_the_folder(vault: Vault) -> None:
    for name in ("../settings", "a" * 39, "A" * 40, "CACHEDIR"):
        with pytest.raises(ValueError, match="40 hexadecimal"):
            vault.has(name)


# ---------------------------------------------------------------- what is sealed


def test_access_comes_back_as_it_was_given() -> None:
    for access in (ACCESS, Access("h", "ssh", "", "", "-----BEGIN\nKEY", date(2026, 3, 9))):
        assert Access.from_text(access.to_text()) == access
    assert ACCESS.password not in repr(ACCESS)


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        pytest.param("host", "h", "", id="an address"),
        pytest.param("host", "h" * MOST["host"], "h" * (MOST["host"] + 1), id="a long address"),
        pytest.param("host", "h h", "h\nh", id="an address on one line"),
        pytest.param("protocol", PROTOCOLS[-1], "telnet", id="a way in"),
        pytest.param("user", "", "u" * (MOST["user"] + 1), id="a user, or none"),
        pytest.param("user", "u" * MOST["user"], "u\0", id="a long user"),
        pytest.param("password", "p" * MOST["password"], "p" * (MOST["password"] + 1), id="long"),
        pytest.param("password", " p ", "p\r\n", id="a password on one line"),
        pytest.param("notes", "n" * MOST["notes"], "n" * (MOST["notes"] + 1), id="long notes"),
        pytest.param("notes", "a\nb", "a\0b", id="notes on many lines"),
        pytest.param("expires_on", TODAY, TODAY - timedelta(days=1), id="a day still to come"),
    ],
)
def test_a_field_is_taken_or_named(field: str, inside: object, outside: object) -> None:
    given = {"host": "h", "protocol": "sftp", "user": "u", "password": "p", "notes": "n"}
    assert Access(**given | {field: inside}).find_fault(TODAY) is None  # type: ignore[arg-type]
    assert Access(**given | {field: outside}).find_fault(TODAY) == field  # type: ignore[arg-type]


def test_a_password_may_be_missing_only_where_the_notes_bring_a_key() -> None:
    assert Access("h", "ssh", "u", "", "a key").find_fault(TODAY) is None
    assert Access("h", "ssh", "u", "", "").find_fault(TODAY) == "password"
