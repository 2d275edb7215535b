"""The walk goes through the API and the database of the integration tests."""

from __future__ import annotations

from tests.integration.conftest import client  # noqa: F401  (fixture)
