from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import redis

from admin.doctor import examine as examination
from admin.doctor.finding import Area, Finding, Level
from admin.doctor.settings import check_settings
from core.doorbell import MAINTENANCE_QUEUE, WEBHOOK_QUEUE
from core.settings import Settings, get_settings
from infra.local import LocalStack
from tests.conftest import REPOSITORY
from tests.warm.start_warm import start_warm


def run(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "admin", "doctor", *options],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_is_down() -> None:
    """Each area has its error, in one line with what to do; the exit code is 1, and nothing is raised."""
    nowhere = {
        "DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/d",
        "REDIS_URL": "redis://:hidden@127.0.0.1:1/0",
        "S3_ENDPOINT_URL": "http://127.0.0.1:1",
        "S3_ACCESS_KEY_ID": "hidden",
        "S3_SECRET_ACCESS_KEY": "hidden",
        "MODELS_FILE": "/nowhere",
        "API_KEY_PEPPER": "hidden hidden hidden hidden hidden",
    }
    result = run(nowhere)
    errors = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("error ")]
    assert errors == ["database", "redis", "store", "models", "workers"]
    assert result.stdout.splitlines()[-1].startswith("errors: 5, warnings: ")
    assert (result.returncode, result.stderr, "hidden" in result.stdout) == (1, "", False)


def test_wrong_settings_are_findings() -> None:
    """As JSON, and alone: without settings nothing can be checked."""
    result = run({"API_THREADS": "many"}, "--json")
    report = json.loads(result.stdout)
    assert (result.returncode, result.stderr, report["errors"], report["warnings"]) == (1, "", 2, 0)
    assert [(each["level"], each["area"], each["seen"].split()[0]) for each in report["findings"]] == [
        ("error", "settings", "API_KEY_PEPPER"),
        ("error", "settings", "API_THREADS"),
    ]


@pytest.mark.slow
def test_nobody_works(database: None, servers: LocalStack) -> None:
    """Servers alone: nobody takes the rings, and each process that is missing is named with its command."""
    report = json.loads(run(dict(servers.environment), "--json").stdout)
    for queue in ("render.default", WEBHOOK_QUEUE, MAINTENANCE_QUEUE):
        redis.Redis.from_url(servers.environment["REDIS_URL"]).delete(queue)
    errors = {each["check"]: each["todo"] for each in report["findings"] if each["level"] == "error"}
    assert list(errors) == ["beat", "pool default", "dispatcher"]
    assert "python -m worker render" in errors["pool default"]
    assert "python -m worker dispatch" in errors["dispatcher"]
    assert "python -m worker beat" in errors["beat"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_everybody_works() -> None:
    """A whole service: no error and exit code 0, with --strict 1 for its warnings; and a beat or dispatcher that dies is missed."""
    with LocalStack(start_process=start_warm) as stack:
        result = run(stack.environment, "--json")
        report = json.loads(result.stdout)
        assert (result.returncode, report["errors"]) == (0, 0)
        assert [each["check"] for each in report["findings"] if each["level"] == "warning"] == ["webhooks"]
        assert run(stack.environment, "--strict").returncode == 1

        stack.part("beat").kill()
        stack.part("dispatcher").kill()
        errors = run({**stack.environment, "SWEEP_SECONDS": "0.5"}).stdout
        assert "error    workers beat" in errors
        assert "error    workers dispatcher" in errors
        assert "ok       workers pool default" in errors


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_what_never_answers_costs_its_time_alone(
    silent: str, servers: LocalStack, forget: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check has a time limit; all others go on."""
    monkeypatch.setenv("S3_ENDPOINT_URL", f"http://{silent}")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u:p@{silent}/d")
    forget()
    found = list(examination.examine(check_seconds=2))
    late = [each.area for each in found if each.check == "time"]
    assert set(late) >= {"database", "store"}
    assert "no answer within 2 s" in str(found)
    assert {each.area for each in found if each.level is Level.OK} >= {"settings", "redis", "models"}


def test_a_check_that_is_broken_is_a_finding(
    servers: LocalStack, forget: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody thought of ends one area, and shows no secret."""

    def break_down(settings: Settings) -> Iterator[Finding]:
        yield Area("redis").ok("one", "fine")
        raise KeyError(settings.redis_url)

    monkeypatch.setattr(examination, "_AREAS", {"redis": break_down, "settings": check_settings})
    forget()
    found = list(examination.examine())
    assert [(each.level, each.check) for each in found[:2]] == [(Level.OK, "one"), (Level.ERROR, "check")]
    assert "KeyError" in found[1].seen
    assert get_settings().redis_url not in found[1].seen
    assert found[2].area == "settings"
