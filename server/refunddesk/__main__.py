"""`python -m refunddesk` is the command `refunddesk`."""

from __future__ import annotations

from refunddesk.cli import main

main(prog_name="refunddesk")
