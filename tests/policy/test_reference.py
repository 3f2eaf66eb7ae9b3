"""The tables of docs/policy/README.md say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from refunddesk.policy.document import load_policy
from refunddesk.policy.judge import judge
from tests.policy.claims import ONE_TIME, claim, verdict
from tests.policy.reference import README, with_tables


def test_the_computed_tables_are_up_to_date() -> None:
    page = README.read_text(encoding="utf-8")
    assert page == with_tables(page), "renew them: python -m tests.policy.reference"


def test_the_example_document_judges(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    path = tmp_path / "example.toml"
    path.write_text(example[1], encoding="utf-8")
    policy = load_policy(path)
    assert verdict(judge(claim(ONE_TIME), policy)) == "review by None", "day 16 is too late"
    policy = load_policy(path, {"window": "30 days"})
    assert verdict(judge(claim(ONE_TIME), policy)) == "refund 199.00 by 2"
    still_on = claim(ONE_TIME, {"license.active_sites": ["https://a.example"]})
    assert verdict(judge(still_on, policy)) == "await by 3"
