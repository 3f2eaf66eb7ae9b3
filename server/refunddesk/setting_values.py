"""What a setting is, and how the text of each kind is read; nonsense raises ValueError."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: `default` None means it must be given."""

    name: str
    setting: str
    default: str | None
    read: Callable[[str], Any]
    says: str


def text(value: str) -> str:
    return value


def number(value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise ValueError("must be a whole number of zero or more")
    return int(value)


def days(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 36_500:
        raise ValueError("must be a whole number of days from 1 to 36500")
    return int(value)


def credential_days(value: str) -> int:
    if not 1 <= number(value) <= 30:
        raise ValueError("must be a whole number of days from 1 to 30")
    return int(value)


def yes_or_no(value: str) -> bool:
    if value not in ("yes", "no"):
        raise ValueError('must be "yes" or "no"')
    return value == "yes"


def secret(value: str) -> str:
    if len(value) < 32:
        raise ValueError("must have at least 32 characters")
    return value


def secret_or_none(value: str) -> str:
    return secret(value) if value else ""


def sealing_keys(value: str) -> tuple[str, ...]:
    keys = tuple(part.strip() for part in value.split(",") if part.strip())
    if not keys:
        raise ValueError("must name at least one key")
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise ValueError("must hold keys made by `refunddesk settings new-key`") from None
    return keys


def listen(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) < 65536):
        raise ValueError('must be an address and a port such as "127.0.0.1:8321"')
    return value


def server_or_none(value: str) -> str:
    return listen(value) if value else ""


def security(value: str) -> str:
    if value not in ("starttls", "tls", "none"):
        raise ValueError('must be "starttls", "tls" or "none"')
    return value


def mail_address(value: str) -> str:
    if value and not re.fullmatch(r"[^\s@<>\"(),:;]+@[^\s@<>\"(),:;]+", value):
        raise ValueError('must be an e-mail address such as "support@shop.example"')
    return value


def reply_mailbox(value: str) -> str:
    local = mail_address(value).partition("@")[0]
    # What is put behind it takes up to 39 of the 64 letters before the at sign.
    if len(local) > 24 or "+" in local:
        raise ValueError('must have at most 24 letters before the at sign, and no "+" there')
    return value


def host_or_none(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", value):
        raise ValueError('must be the name of a server such as "mx.example.com"')
    return value.lower()


def imap_folder(value: str) -> str:
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError('must be a folder\'s name as IMAP spells it, such as "INBOX"')
    return value


def path_or_none(value: str) -> Path | None:
    return Path(value).absolute() if value else None


def public_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError('must be an address such as "https://refunds.example.com"')
    return value.rstrip("/")


def prefix(value: str) -> str:
    if value and (not value.startswith("/") or value.endswith("/")):
        raise ValueError('must be empty or a path such as "/refunds"')
    return value


def file_or_none(value: str) -> Path | None:
    if not value:
        return None
    path = Path(value)
    if not path.is_file():
        raise ValueError(f"names a file that is not there: {value}")
    return path


def log_format(value: str) -> str:
    if value not in ("console", "json"):
        raise ValueError('must be "console" or "json"')
    return value


def feed(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment):
        raise ValueError("must be an http or https address, or empty")
    return value


def contact(value: str) -> str:
    # It goes into a header as it is.
    if not value.isprintable() or not value.isascii() or set(value) & set(" ()<>"):
        raise ValueError("must be an address such as https://example.com/contact or a mailbox")
    return value


def place_or_none(value: str) -> Path | None:
    if not value:
        return None
    path = Path(value)
    if not path.exists():
        raise ValueError(f"names a file or folder that is not there: {value}")
    return path
