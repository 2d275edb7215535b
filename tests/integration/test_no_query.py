"""Operations without query parameters."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

_ABSENT = "0" * 32


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/v1/jobs/job_{_ABSENT}"),
        ("DELETE", f"/v1/jobs/job_{_ABSENT}"),
        ("GET", f"/v1/jobs/job_{_ABSENT}/preview"),
        ("GET", f"/v1/jobs/job_{_ABSENT}/events"),
        ("GET", "/v1/events"),
        ("GET", "/v1/recall"),
        ("GET", f"/v1/jobs/job_{_ABSENT}/receipt"),
        ("POST", f"/v1/jobs/job_{_ABSENT}/retry"),
        ("POST", f"/v1/jobs/job_{_ABSENT}/replay"),
        ("POST", f"/v1/jobs/job_{_ABSENT}/vary"),
        ("POST", "/v1/jobs/cancel"),
        ("POST", "/v1/jobs/delete"),
        ("GET", f"/v1/deletions/del_{_ABSENT}"),
        ("GET", f"/v1/outputs/art_{_ABSENT}"),
        ("PATCH", f"/v1/outputs/art_{_ABSENT}"),
        ("GET", "/v1/boards"),
        ("GET", f"/v1/boards/board_{_ABSENT}"),
        ("DELETE", f"/v1/boards/board_{_ABSENT}"),
        ("GET", "/v1/queue"),
        ("GET", "/v1/queue/figures"),
        ("POST", "/v1/queue/resume"),
        ("GET", f"/v1/webhook-deliveries/dlv_{_ABSENT}"),
        ("POST", f"/v1/webhook-deliveries/dlv_{_ABSENT}/redeliver"),
        ("POST", "/v1/files"),
        ("GET", f"/v1/files/file_{_ABSENT}"),
        ("DELETE", f"/v1/files/file_{_ABSENT}"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/picturebook"),
        ("GET", "/v1/styles/poster"),
        ("PATCH", "/v1/styles/poster"),
        ("DELETE", "/v1/styles/poster"),
        ("GET", "/v1/webhook-endpoints"),
    ],
)
def test_a_query_parameter_is_refused_by_name(client: FlaskClient, api_key: str, method: str, path: str) -> None:
    """A parameter that the operation does not have is 422, before anything is looked up."""
    response = client.open(
        f"{path}?colour=red&colour=blue",
        method=method,
        headers={"Authorization": f"Bearer {api_key}"},
        json={} if method in {"POST", "PATCH"} else None,
    )

    problem = response.get_json(force=True)
    assert (response.status_code, problem["code"]) == (422, "invalid_request")
    assert problem["errors"] == [{"field": "colour", "code": "unknown", "message": "there is no such parameter"}]
