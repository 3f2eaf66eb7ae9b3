"""How many examples the properties of this folder try.

REFUNDDESK_TEST_CLAIMS=100000 tries that many claims, documents and texts in each of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

CLAIMS = int(os.environ.get("REFUNDDESK_TEST_CLAIMS", "0"))
#: Seconds that a property may take: a claim under a made-up document takes some milliseconds.
_PATIENCE = 120 + CLAIMS // 20


def tries(usual: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A property that tries the usual number of examples, or what the environment asks for."""

    def mark(test: Callable[..., Any]) -> Callable[..., Any]:
        limited = settings(max_examples=CLAIMS or usual, deadline=None)(test)
        return pytest.mark.timeout(_PATIENCE)(limited)

    return mark
