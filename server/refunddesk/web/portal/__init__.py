"""The customer's pages, for whoever came by a link: one order, without a password or a script."""

from refunddesk.web.portal import credentials, entering, order, renewal, withdrawal
from refunddesk.web.portal.blueprint import portal

__all__ = ["credentials", "entering", "order", "portal", "renewal", "withdrawal"]
