"""Fetches models from the hub ahead of time: the only code that asks the hub, and never part of a worker that renders."""
