"""Records that are safe in files before anybody is told so, and read from there once."""
