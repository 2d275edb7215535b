"""The blueprint of the account's events."""

from __future__ import annotations

from api.v1 import build_blueprint

events_blueprint = build_blueprint("events", "events", "Follow all jobs at once.")
