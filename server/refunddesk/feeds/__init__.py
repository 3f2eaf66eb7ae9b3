"""Reads what wordpress.org says of new releases; what is done about them is in services."""
