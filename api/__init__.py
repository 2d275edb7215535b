"""The HTTP side: Flask in, one call into core, Flask out."""
