"""Refund Desk keeps a WooCommerce store's refund promises."""
