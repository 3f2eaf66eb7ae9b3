"""Does this plugin still work on that WordPress or WooCommerce release, and which line breaks.

Pure core: files in, findings and a verdict out. See docs/compat.md.
"""
