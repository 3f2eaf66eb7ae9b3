"""Refund Desk keeps a WooCommerce store's refund promises.

`RefundDesk(app)` mounts it in a Flask application; `create_app()` is the stand-alone server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from refunddesk.version import __version__

if TYPE_CHECKING:
    from refunddesk.extension import RefundDesk, create_app

__all__ = ["RefundDesk", "__version__", "create_app"]


def __getattr__(name: str) -> object:
    # Loaded on first use: judging a claim from the command line needs neither Flask nor SQL.
    if name in ("RefundDesk", "create_app"):
        from refunddesk import extension

        return getattr(extension, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
