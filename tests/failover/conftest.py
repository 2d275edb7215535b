"""Servers that turn read-only, and what uses them."""

from __future__ import annotations

from tests.integration.conftest import account_id, api_key, client, database, post, submit  # noqa: F401  (fixtures)
