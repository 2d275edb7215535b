"""What `make test-containers` takes from the files: it runs by hand, so that a change of theirs is noticed here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.containers import requirements
from tests.containers.base_images import _list_tags
from tests.containers.document import read_block
from tests.containers.wheels import _STORE


@pytest.mark.parametrize(
    ("heading", "beginning", "names"),
    [
        ("Step by step", "cp .env.example", []),
        ("Step by step", "docker compose build", []),
        ("Step by step", "docker compose up", []),
        ("Step by step", "docker compose exec api darkroom-admin create", ["NAME"]),
        ("Step by step", "export DARKROOM_API_KEY", []),
        ("Your own models", "OWN_MODELS=", []),
        ("Models of the hub", "docker compose run", ["ID"]),
        ("Stopping and upgrading", "git pull", []),
        ("Stopping and upgrading", "git checkout", ["RELEASE"]),
    ],
)
def test_the_page_has_the_commands(heading: str, beginning: str, names: list[str]) -> None:
    """Each block that the program runs stands once under its heading, with the names that are replaced in it."""
    block = read_block(heading, beginning, **dict.fromkeys(names, "replaced"))
    assert block.count("replaced") >= len(names)


def test_every_foreign_image_has_its_stand_in() -> None:
    """Each image that the files take from elsewhere has a Dockerfile that makes its stand-in."""
    assert set(_list_tags()) == {"python", "postgres", "valkey", "seaweedfs"}
    assert _STORE


def test_what_is_missing_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the program cannot run, it names the packages, or the folder and its size."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install debootstrap git slirp4netns util-linux" in str(requirements.find_missing(tmp_path))

    for program in ("debootstrap", "slirp4netns", "unshare", "mount", "git"):
        (tmp_path / program).write_text("")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setattr(requirements, "_DISK", 10**18)
    assert f"GB free at {tmp_path}" in str(requirements.find_missing(tmp_path))

    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "root" in str(requirements.find_missing(tmp_path))
