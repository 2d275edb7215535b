"""Generated requests, alone and in sequences: no 5xx, and no answer that the API document does not describe."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.ports import LOOPBACK
from tests.http.served import ServedApi, serving

_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture
def plain_api(api_key: str, tmp_path: Path) -> Iterator[ServedApi]:
    """The API at the address that it has. It logs no error, whatever is sent."""
    with serving(api_key, tmp_path) as api:
        yield api
        assert api.errors(since=0) == []


def _run(api: ServedApi, *options: str, seconds: float) -> None:
    url = f"http://{LOOPBACK}:{api.port}"
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(_CONFIGURATION), "run"),
            *(f"{url}/openapi.json", "--url", url, "--header", f"Authorization: Bearer {api.api_key}"),
            *("--checks", "all", "--warnings", "off", "--no-shrink", *options),
        ],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2_000:]
    assert "Stateful" in ran.stdout


@pytest.mark.slow
def test_a_few_requests_of_every_kind(plain_api: ServedApi) -> None:
    """Every example of the document, a few generated requests for each operation, and a few sequences."""
    _run(plain_api, "--phases", "examples,fuzzing,stateful", "--max-examples", "2", "--seed", "1", seconds=100)


@pytest.mark.slow
def test_every_field_at_its_bounds(plain_api: ServedApi) -> None:
    """Each bound of each field once, within and beyond it."""
    _run(plain_api, "--max-examples", "10", "--max-time", "80", "--seed", "2", seconds=110)


@pytest.mark.thorough
@pytest.mark.timeout(1_200)
def test_a_quarter_of_an_hour(plain_api: ServedApi) -> None:
    """All checks in all phases, with another seed each time: a failure's output names it."""
    _run(plain_api, "--max-examples", "2000", "--max-time", "900", seconds=1_150)
