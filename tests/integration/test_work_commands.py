"""`darkroom-admin workers`, `pause` and `resume`."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

import pytest

import admin.commands
from tests.integration.attempts import claim, claim_one
from tests.integration.conftest import Submit
from tests.integration.present_workers import show_worker

Admin = Callable[..., dict[str, str]]


@pytest.fixture
def run_admin(database: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Admin:
    """Run a command, and return what it prints."""

    def run(*arguments: str) -> dict[str, str]:
        monkeypatch.setattr("sys.argv", ["darkroom-admin", *arguments, "--json"])
        admin.commands.main()
        shown: dict[str, str] = json.loads(capsys.readouterr().out)
        return shown

    return run


def test_an_operator_sees_pauses_and_resumes(account_id: UUID, submit: Submit, run_admin: Admin) -> None:
    """A pool, and a model in it; what is paused stands beside the workers."""
    assert run_admin("workers") == {"workers": "none"}
    show_worker()
    job_id = submit(account_id)

    assert run_admin("pause", "--model", "picturebook") == {
        "paused": "model picturebook in pool default",
        "since": "now",
    }
    assert run_admin("pause", "--pool", "default") == {"paused": "pool default", "since": "now"}
    assert run_admin("pause", "--pool", "default")["since"] == "before"
    shown = run_admin("workers")
    assert shown["host:1"].startswith("live, pool default")
    assert "serves picturebook" in shown["host:1"]
    assert claim() is None

    assert run_admin("resume", "--pool", "default") == {"resumed": "pool default"}
    assert claim() is None, "its model is still paused"
    assert run_admin("resume", "--model", "picturebook") == {"resumed": "model picturebook in pool default"}
    assert claim_one().job_id == job_id


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["pause", "--pool", "elsewhere"], "--pool: there is no pool 'elsewhere', but default"),
        (["pause", "--model", "picturebok"], "--model: there is no model 'picturebok'"),
        (
            ["pause", "--pool", "other", "--model", "picturebook"],
            "--pool: the model 'picturebook' is served by the pool",
        ),
        (["resume", "--pool", "default"], "pool default is not paused"),
    ],
)
def test_a_wrong_name_is_refused(run_admin: Admin, arguments: list[str], complaint: str) -> None:
    """With the option, and nothing is paused."""
    with pytest.raises(SystemExit) as ended:
        run_admin(*arguments)
    assert complaint in str(ended.value.code)
    assert run_admin("workers") == {"workers": "none"}
