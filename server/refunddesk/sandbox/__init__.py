"""A stand-in for a WooCommerce store, held to recordings of a real one by the contract tests."""
