"""The database: one module per noun, each a few functions on an open transaction."""
