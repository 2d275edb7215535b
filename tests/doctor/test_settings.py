from __future__ import annotations

import pytest

from admin.doctor.finding import Level
from admin.doctor.settings import check_settings
from tests.doctor.conftest import Diagnose


@pytest.mark.parametrize(
    ("variables", "check", "level", "said"),
    [
        ({"API_KEY_PEPPER": "0123456789abcdef"}, "pepper", Level.WARNING, "openssl rand -hex 24"),
        ({"API_KEY_PEPPER": "a" * 40}, "pepper", Level.WARNING, "1 different ones"),
        ({"API_KEY_PEPPER": "0123456789abcdef" * 3}, "pepper", Level.OK, "48 characters"),
        ({"PUBLIC_URL": "http://pictures.example.com"}, "public address", Level.WARNING, "https://"),
        ({"PUBLIC_URL": "https://pictures.example.com"}, "public address", Level.OK, "https://pictures.example.com"),
        ({"PUBLIC_URL": "http://[::1]:8000"}, "public address", Level.OK, "this machine alone"),
        ({"WEBHOOK_ALLOW_HTTP": "true"}, "webhooks", Level.WARNING, "WEBHOOK_ALLOW_HTTP"),
        (
            {"WEBHOOK_ALLOW_HTTP": "false", "WEBHOOK_ALLOWED_NETWORKS": ""},
            "webhooks",
            Level.OK,
            "https:// addresses alone",
        ),
        (
            {"WEBHOOK_ALLOW_HTTP": "false", "WEBHOOK_ALLOWED_NETWORKS": "0.0.0.0/0,10.1.2.0/24"},
            *("webhooks", Level.WARNING, "may go to 0.0.0.0/0:"),
        ),
        (
            {"WEBHOOK_ALLOW_HTTP": "false", "WEBHOOK_ALLOWED_NETWORKS": "10.1.2.0/24"},
            *("webhooks", Level.OK, "and 10.1.2.0/24"),
        ),
        ({"FETCH_ALLOW_HTTP": "true"}, "pictures by address", Level.WARNING, "FETCH_ALLOW_HTTP"),
        ({"FETCH_ALLOWED_NETWORKS": "127.0.0.0/8"}, "pictures by address", Level.WARNING, "from 127.0.0.0/8:"),
        ({"PICTURE_FETCHING": "false", "FETCH_ALLOW_HTTP": "true"}, "pictures by address", Level.OK, "not fetched"),
        ({}, "pictures by address", Level.OK, "from public https:// addresses alone"),
        ({"ARTIFACT_RETENTION_SECONDS": "0"}, "retention", Level.WARNING, "images are kept for ever, jobs 90 days"),
        ({"JOB_RETENTION_SECONDS": "0"}, "retention", Level.OK, "jobs for ever"),
        ({"DATABASE_URI": "x", "API_TREADS": "8"}, "names", Level.WARNING, "API_THREADS"),
    ],
)
def test_settings_that_are_probably_not_meant(
    *,
    variables: dict[str, str],
    check: str,
    level: Level,
    said: str,
    diagnose: Diagnose,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is a warning with what to do."""
    found = diagnose(check_settings, **variables)[check]
    assert found.level is level
    assert said in str(found)
