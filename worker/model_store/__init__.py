"""Fetch models from the hub ahead of time: the only code that talks to it. Workers that render never do."""
