"""Each test has a database of its own, without tables."""

from __future__ import annotations

from tests.integration.conftest import alembic, empty_database  # noqa: F401  (fixtures)
