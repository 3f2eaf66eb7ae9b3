"""`POST /mails`: where a mail service hands in what came for us."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from refunddesk.mail.reading import LONGEST_MAIL
from refunddesk.services import arrivals
from refunddesk.services.inbox import InboxUnreachable
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.errors import answer_in_json

mails = Blueprint("mails", __name__)
answer_in_json(mails)


@mails.post("")
@guard(By.RELAY)
def take_mail() -> ResponseReturnValue:
    """201 once the mail is durable, 200 for one that was there before; else hand it in again."""
    request.max_content_length = LONGEST_MAIL
    try:
        raw = request.get_data(cache=False, parse_form_data=False)
        arrival_id, is_new = arrivals.keep_mail(desk().edges, raw)
    except RequestEntityTooLarge:
        raise arrivals.too_large() from None
    except SQLAlchemyError as error:
        raise InboxUnreachable("The mail could not be kept now. Hand it in again.") from error
    return {"mail": arrival_id, "new": is_new}, 201 if is_new else 200
