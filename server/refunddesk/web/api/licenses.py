"""Routes by which staff help with licences."""

from __future__ import annotations

from refunddesk.services import licenses
from refunddesk.web.api import ID, WRITERS, answers, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.current import desk


@api.post("/licenses/" + ID("license_id") + "/new-key")
@guard(By.BEARER, *WRITERS)
def make_key(license_id: int) -> Answer:
    return {"key": licenses.new_key(desk().edges, license_id, by=current_caller().actor)}


@api.post("/activations/" + ID("activation_id") + "/deactivate")
@guard(By.BEARER, *WRITERS)
def deactivate(activation_id: int) -> Answer:
    edges, by = desk().edges, current_caller().actor
    return answers.activation(licenses.deactivate_by_staff(edges, activation_id, by=by))
