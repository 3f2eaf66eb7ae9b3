"""Whatever is wrong with a claim or a document, the answer is one line that names what it is."""

from __future__ import annotations

import io
import json
import re
import tomllib
from importlib import resources
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from refunddesk.cli.policy import each_line
from refunddesk.policy.claim import Claim
from refunddesk.policy.document import PolicyNotValid, policy_of
from refunddesk.policy.judge import judge
from refunddesk.policy.version import Policy
from tests.policy.broken import broken
from tests.policy.claims import MONTHLY_RENEWAL, ONE_TIME, YEARLY, claim
from tests.policy.test_interchange import EXAMPLE, FULL
from tests.policy.trying import tries

_FORMS = st.sampled_from([ONE_TIME, YEARLY, MONTHLY_RENEWAL, FULL])
#: A key as the answers name it: order.items[0].paid, or in quotes where it is no plain word.
_KEY = r'(?:\w+|"[^"]*")(?:\[\d+\]|\.[\w\-]+|\.?"(?:[^"\\]|\\.)*")*'
_NAMES_A_KEY = re.compile(rf"{_KEY}: \S|must be an object")
_NAMES_THE_TEXT = re.compile(r"not JSON|the text is not UTF-8")


def answers_to(text: bytes) -> list[dict[str, Any]]:
    """What `policy judge --lines` prints for these lines."""

    def decision(facts: Claim, by: Policy) -> dict[str, object]:
        return judge(facts, by).to_json()

    return [json.loads(line) for line in each_line(io.BytesIO(text), None, decision)]


@tries(300)
@given(data=st.data(), form=_FORMS)
def test_each_broken_claim_is_judged_or_refused_by_its_key_on_one_line(
    data: st.DataObject, form: dict[str, Any]
) -> None:
    line = json.dumps(data.draw(broken(form))).encode()
    answers = answers_to(b"\n".join([line, json.dumps(ONE_TIME).encode()]))
    assert len(answers) == 2
    assert answers[1]["settled_by"] == "R-3A", "the rest goes on"
    if "error" in answers[0]:
        assert set(answers[0]) == {"error"}
        assert _NAMES_A_KEY.match(answers[0]["error"]), answers[0]
        assert "\n" not in answers[0]["error"]
        assert len(answers[0]["error"]) < 500
    else:
        assert answers[0]["outcome"] in ("refund", "refuse", "await", "review")


@tries(200)
@given(
    at=st.integers(0, len(EXAMPLE) - 1),
    cut=st.integers(0, 40),
    instead=st.one_of(st.binary(max_size=4), st.sampled_from([b"\r", b"\x00", b'"', b"NaN", b"1"])),
)
def test_each_broken_text_gets_one_answer(at: int, cut: int, instead: bytes) -> None:
    whole = json.dumps(json.loads(EXAMPLE)).encode()
    text = whole[:at] + instead.replace(b"\n", b" ") + whole[at + cut :]
    (answer,) = answers_to(text)
    if "error" in answer:
        found = _NAMES_A_KEY.match(answer["error"]) or _NAMES_THE_TEXT.match(answer["error"])
        assert found, answer


def _documents() -> list[dict[str, Any]]:
    folder = resources.files("refunddesk") / "policies"
    files = [folder / "crmjetty.toml", *(folder / "templates").iterdir()]
    texts = [file.read_text("utf-8") for file in files if file.name.endswith(".toml")]
    return [_as_json(tomllib.loads(text)) for text in texts]


def _as_json(document: Any) -> Any:
    """The document as JSON has it, where an instant is a text."""
    return json.loads(json.dumps(document, default=lambda at: at.isoformat()))


_CLAIMS = [claim(form) for form in (ONE_TIME, YEARLY, MONTHLY_RENEWAL, FULL)]


@tries(250)
@given(data=st.data(), document=st.sampled_from(_documents()))
def test_each_broken_document_judges_or_is_refused_by_file_and_place_on_one_line(
    data: st.DataObject, document: dict[str, Any]
) -> None:
    form = data.draw(broken(document))
    try:
        policy = policy_of(form, "mine.json")
    except PolicyNotValid as refused:
        said = str(refused)
        assert re.match(r"mine\.json: (clause .{1,80}|[\w.\[\]\"\\]+): \S", said), said
        assert said.isprintable()
        assert len(said) < 1000, "a kind that is none is answered with all there are"
    else:
        for facts in _CLAIMS:
            json.dumps(judge(facts, policy).to_json()).encode()
