"""The Python client and the command line, against the whole service."""
