"""Fetches models from the hub ahead of time: the only code that talks to the hub, and never part of a worker that renders."""
