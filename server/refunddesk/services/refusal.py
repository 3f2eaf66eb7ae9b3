"""The parent of every named refusal: something asked for that is not done, and why."""

from __future__ import annotations

import re


class Refusal(Exception):
    """Asked for and not done. The message says what happened, what was kept, what to do.

    Subclasses are named as facts and stand where they are raised; web/errors.py gives each its
    HTTP status.
    """

    @property
    def code(self) -> str:
        """The name for programs: NoSuchOrder -> "no_such_order"."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
