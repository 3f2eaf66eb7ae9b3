"""Each kind of clause does what the example on its page promises."""

from __future__ import annotations

import pytest

from refunddesk.policy.clauses import KINDS
from refunddesk.policy.judge import judge
from refunddesk.policy.kindpages import (
    example_claim,
    example_policy,
    examples_of,
    index_page,
    page_of,
)
from tests.conftest import REPOSITORY

PAGES = REPOSITORY / "docs" / "policy" / "kinds"


@pytest.mark.parametrize("kind", KINDS)
def test_each_example_claim_gets_what_its_page_promises(kind: str) -> None:
    examples = list(examples_of(kind))
    assert [(says, answer) for says, _, answer in examples] == [
        (says, expected) for says, expected, _ in examples
    ]
    assert len({says for says, _, _ in examples}) == len(examples)


@pytest.mark.parametrize("kind", KINDS)
def test_each_example_shows_its_kind_at_work(kind: str) -> None:
    decision = judge(example_claim({}), example_policy(kind))
    assert kind in {finding.clause for finding in decision.findings} | {decision.settled_by}


def test_the_pages_are_those_the_code_makes() -> None:
    written = {path.name: path.read_text("utf-8") for path in PAGES.glob("*.md")}
    made = {f"{name}.md": page_of(name) for name in KINDS} | {"README.md": index_page()}
    assert written == made, "renew them: refunddesk policy kinds --write docs/policy/kinds"
