from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.guards.compose_file import REPOSITORY, load_compose
from tests.guards.dockerfiles import SLIM, WORKER, list_copies, read_dockerfile

DOCKERFILES = [SLIM, WORKER]
BUILD_FILES = {"pyproject.toml", "constraints.txt"}

#: Where Python looks for what our processes import; infra/local and demo_model's training stay outside.
ROOMS = {SLIM: {"admin", "api", "core", "worker"}, WORKER: {"core", "worker"}}


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_what_is_copied_exists(path: Path) -> None:
    """Every COPY takes something that the repository has."""
    for sources, _ in list_copies(path):
        for source in sources:
            assert (REPOSITORY / source).exists(), source


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_what_is_copied_is_not_ignored(path: Path) -> None:
    """.dockerignore lets through what the Dockerfiles copy; it shuts out everything else, .env and data above all."""
    lines = [line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert not [name for name in allowed if name.startswith(".")]
    for sources, _ in list_copies(path):
        for source in sources:
            assert allowed & {source, *map(str, Path(source).parents)}, source


def test_nothing_is_let_through_for_nobody() -> None:
    """Every exception of .dockerignore is copied by some image."""
    copied = {source for path in DOCKERFILES for sources, _ in list_copies(path) for source in sources}
    allowed = re.findall(r"^!(.+)$", (REPOSITORY / ".dockerignore").read_text(), re.MULTILINE)
    assert set(allowed) == copied


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_hold_the_rooms_that_their_roles_need(path: Path) -> None:
    """An image holds the packages that its processes import, and the files that these read."""
    copied = {source for sources, _ in list_copies(path) for source in sources}
    assert {name for name in copied if (REPOSITORY / name / "__init__.py").exists()} == ROOMS[path]
    assert {"models.toml", "infra/docker/probe.py"} <= copied
    if path == SLIM:
        assert {"alembic.ini", "migrations"} <= copied


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_do_not_run_as_root(path: Path) -> None:
    """The last USER of an image is a number that is not root's, which Kubernetes can check."""
    users = [instruction.text for instruction in read_dockerfile(path) if instruction.keyword == "USER"]
    assert users == ["10001:10001"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_base_images_are_pinned(path: Path) -> None:
    """Every stage starts from a Python that the project supports, named by its version."""
    bases = [instruction.text.split()[0] for instruction in read_dockerfile(path) if instruction.keyword == "FROM"]
    assert len(bases) == 2
    for base in bases:
        assert re.fullmatch(r"python:3\.1[1-9]-slim-[a-z]+", base), base


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_dependencies_come_from_the_pinned_set(path: Path) -> None:
    """The one installation is of the project under constraints.txt, in a layer that only the dependencies void."""
    instructions = read_dockerfile(path)
    installs = [index for index, each in enumerate(instructions) if re.search(r"\bpip\b.* install\b", each.text)]
    (install,) = installs
    assert "--constraint constraints.txt" in instructions[install].text
    copied_before = [each.text.split()[:-1] for each in instructions[:install] if each.keyword == "COPY"]
    assert {name for names in copied_before for name in names} == BUILD_FILES


def test_the_slim_image_has_no_torch() -> None:
    """The slim image installs the base dependencies and no extra."""
    (install,) = [each.text for each in read_dockerfile(SLIM) if "--constraint" in each.text]
    assert install.endswith("--constraint constraints.txt .")


def test_the_worker_image_takes_cuda_or_cpu() -> None:
    """The worker image installs the render extra, from the index that the build argument adds, by default none."""
    instructions = read_dockerfile(WORKER)
    assert 'TORCH_INDEX=""' in [each.text for each in instructions if each.keyword == "ARG"]
    (install,) = [each.text for each in instructions if "--constraint" in each.text]
    assert 'WORKER_EXTRAS="render"' in [each.text for each in instructions if each.keyword == "ARG"]
    assert """${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} ".[$WORKER_EXTRAS]" &&""" in install


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_a_checkout_that_only_its_owner_reads_builds(path: Path) -> None:
    """What comes from the repository is made readable for everybody before it goes into the image: COPY keeps modes."""
    instructions = read_dockerfile(path)
    last_base = max(index for index, each in enumerate(instructions) if each.keyword == "FROM")
    copied = [index for index, each in enumerate(instructions) if each.keyword == "COPY" and "--from=" not in each.text]
    (opened,) = [index for index, each in enumerate(instructions) if "chmod -R u=rwX,go=rX /app" in each.text]
    assert max(copied) < opened < last_base


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_a_build_asks_for_no_frontend(path: Path) -> None:
    """No `# syntax=` line: it would fetch a program, in whatever version, that then runs the build."""
    assert "syntax=" not in path.read_text()


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_hold_no_build_tools_and_no_secrets(path: Path) -> None:
    """pip goes, no compiler comes, and nothing that looks like a secret is set."""
    text = "\n".join(f"{each.keyword} {each.text}" for each in read_dockerfile(path))
    assert "pip uninstall" in text
    assert not re.search(r"apt-get|gcc|build-essential", text)
    assert not re.search(r"PASSWORD|SECRET|PEPPER|ACCESS_KEY", text)
    assert "PYTHONUNBUFFERED=1" in text


def test_the_worker_image_serves_where_compose_probes() -> None:
    """The port that the worker image opens for its metrics is the one of docker-compose.yml."""
    environment = next(each.text for each in read_dockerfile(WORKER) if each.keyword == "ENV")
    settings = load_compose()["x-settings"]
    assert f"WORKER_METRICS_PORT={settings['WORKER_METRICS_PORT']}" in environment
    assert f"WORKER_METRICS_HOST={settings['WORKER_METRICS_HOST']}" in environment
