"""Bring models from the hub ahead of time: the only code that asks it. Workers that render never do."""
