"""The settings of mail, out and in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from refunddesk import setting_values
from refunddesk.setting_values import Variable

MAIL_VARIABLES = (
    Variable(
        "REFUNDDESK_MAIL_SERVER",
        "mail_server",
        "",
        setting_values.server_or_none,
        'The server that takes our mails, such as "smtp.example.com:587". Empty: none are sent.',
    ),
    Variable(
        "REFUNDDESK_MAIL_SECURITY",
        "mail_security",
        "starttls",
        setting_values.security,
        'How the way to it is encrypted: "starttls" (mostly port 587), "tls" (465) or "none".',
    ),
    Variable(
        "REFUNDDESK_MAIL_USER",
        "mail_user",
        "",
        setting_values.text,
        "Who signs in to the mail server. Empty: nobody does.",
    ),
    Variable(
        "REFUNDDESK_MAIL_PASSWORD",
        "mail_password",
        "",
        setting_values.text,
        "The password that goes with it.",
    ),
    Variable(
        "REFUNDDESK_MAIL_CA_FILE",
        "mail_ca_file",
        "",
        setting_values.file_or_none,
        "Certificates of a private authority to trust for the mail server, in one PEM file.",
    ),
    Variable(
        "REFUNDDESK_MAIL_FROM",
        "mail_from",
        "",
        setting_values.mail_address,
        "The address our mails come from. Answers go there too, so somebody should read it.",
    ),
    Variable(
        "REFUNDDESK_MAIL_FOLDER",
        "mail_folder",
        "",
        setting_values.path_or_none,
        "For trying out: a folder that mails are put into, instead of sending them.",
    ),
    Variable(
        "REFUNDDESK_MAIL_REPLY_TO",
        "mail_reply_to",
        "",
        setting_values.reply_mailbox,
        'The mailbox that answers come to, such as "reply@example.com". Its server must put mail\n'
        'for "reply+anything@" into it too. Empty: our mails name no address for answers.',
    ),
    Variable(
        "REFUNDDESK_MAIL_RECEIVER",
        "mail_receiver",
        "",
        setting_values.host_or_none,
        "The name by which the server of that mailbox signs Authentication-Results, and under\n"
        'which it takes mail, such as "mx.example.com". Empty: no sender counts as proven.',
    ),
    Variable(
        "REFUNDDESK_MAIL_IN_TOKEN",
        "mail_in_token",
        "",
        setting_values.secret_or_none,
        "What a mail service must bring to /mails as its bearer token, to hand mails in. At\n"
        "least 32 characters: `refunddesk settings new-key`. Empty: nobody hands in.",
    ),
    Variable(
        "REFUNDDESK_IMAP_SERVER",
        "imap_server",
        "",
        setting_values.server_or_none,
        'The IMAP server of that mailbox, such as "imap.example.com:993". Empty: it is not read.',
    ),
    Variable(
        "REFUNDDESK_IMAP_SECURITY",
        "imap_security",
        "tls",
        setting_values.security,
        'How the way to it is encrypted: "tls" (mostly port 993), "starttls" (143) or "none".',
    ),
    Variable(
        "REFUNDDESK_IMAP_USER",
        "imap_user",
        "",
        setting_values.text,
        "Who signs in to the IMAP server.",
    ),
    Variable(
        "REFUNDDESK_IMAP_PASSWORD",
        "imap_password",
        "",
        setting_values.text,
        "The password that goes with it.",
    ),
    Variable(
        "REFUNDDESK_IMAP_FOLDER",
        "imap_folder",
        "INBOX",
        setting_values.imap_folder,
        "The folder that is read. Nothing in it is changed, and no mail marked as read.",
    ),
    Variable(
        "REFUNDDESK_IMAP_CA_FILE",
        "imap_ca_file",
        "",
        setting_values.file_or_none,
        "Certificates of a private authority to trust for the IMAP server, in one PEM file.",
    ),
)


def mail_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the mail settings taken together."""
    if (values["mail_server"] or values["mail_folder"]) and not values["mail_from"]:
        yield "REFUNDDESK_MAIL_FROM is not set, and mails need an address that they come from"
    if bool(values["mail_user"]) != bool(values["mail_password"]):
        yield "REFUNDDESK_MAIL_USER and REFUNDDESK_MAIL_PASSWORD are given together or not at all"
    elif values["mail_user"] and values["mail_security"] == "none":
        yield 'REFUNDDESK_MAIL_SECURITY must not be "none" where a password is sent'
    if values["imap_server"]:
        if not (values["imap_user"] and values["imap_password"]):
            yield "REFUNDDESK_IMAP_USER and REFUNDDESK_IMAP_PASSWORD are not both set"
        if values["imap_security"] == "none":
            yield 'REFUNDDESK_IMAP_SECURITY must not be "none": a password is sent'
