"""Formats: the bytes of one file in, cells as text out. Nothing here judges a value."""
