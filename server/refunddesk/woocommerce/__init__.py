"""One WooCommerce store, seen from outside: its webhooks, its REST API and the bodies of both."""
