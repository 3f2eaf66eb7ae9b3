"""Boots a plugin in a real release, on a site that lives for one check, and watches it.

Outside the pure core: it starts PHP, writes a folder and deletes it again. See docs/compat.md.
"""
