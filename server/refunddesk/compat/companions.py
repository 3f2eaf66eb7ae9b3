"""Which other product a plugin stands on, besides WordPress."""

from __future__ import annotations

from refunddesk.compat.facts import PluginFacts
from refunddesk.compat.surface import Surface

_ITSELF = "woocommerce.php"


def uses_woocommerce(facts: PluginFacts, woocommerce: Surface) -> bool:
    """Whether the plugin says that it needs WooCommerce, or uses a name of this release of it."""
    if facts.main_file == _ITSELF:
        return False
    headers = facts.headers
    if headers.requires_woocommerce or headers.tested_woocommerce:
        return True
    return "woocommerce" in headers.requires_plugins or any(
        not known.keys().isdisjoint(used)
        for known, used in (
            (woocommerce.functions, facts.function_uses),
            (woocommerce.classes, facts.class_uses),
            (woocommerce.hooks, facts.hook_uses),
        )
    )
