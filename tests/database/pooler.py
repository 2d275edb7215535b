"""PgBouncer, which comes from Debian and not from a wheel."""

from __future__ import annotations

import os

import pytest

from infra.pooler import PgBouncerMissing, find_pgbouncer


def require_pgbouncer() -> None:
    """Skips the test if this machine has no PgBouncer; fails it in CI, which installs it."""
    try:
        find_pgbouncer()
    except PgBouncerMissing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
