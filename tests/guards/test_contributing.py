"""CONTRIBUTING.md and the pages under docs/contributing say what there is, and what they say is noticed is noticed."""

from __future__ import annotations

import re
import sys
import tomllib

import yaml

import api.app  # noqa: F401  (what it imports is what the API has)
from core.jobs.failures import FAILURE_TRAITS
from tests.guards.compose_file import REPOSITORY

CONTRIBUTING = (REPOSITORY / "CONTRIBUTING.md").read_text()
PAGES = sorted((REPOSITORY / "docs/contributing").glob("*.md"))
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())

#: Of gunicorn, which imports the application by itself.
_STARTS_THE_API = ("api.gunicorn_config", "api.server")


def test_every_folder_of_tests_is_explained() -> None:
    """The table of CONTRIBUTING.md has a row for each folder of tests, in order."""
    folders = sorted(path.parent.name for path in (REPOSITORY / "tests").glob("*/test_*.py"))
    assert re.findall(r"^\| `tests/(\w+)/` \|", CONTRIBUTING, re.MULTILINE) == sorted(set(folders))


def test_every_page_is_linked() -> None:
    """CONTRIBUTING.md links each page on how to add something."""
    for page in PAGES:
        assert f"](docs/contributing/{page.name})" in CONTRIBUTING


def test_every_test_named_exists() -> None:
    """A test that a page names is there, and so is a file of tests."""
    sources = [path.read_text() for path in (REPOSITORY / "tests").rglob("test_*.py")]
    defined = {name for source in sources for name in re.findall(r"^def (test_\w+)\(", source, re.MULTILINE)}
    for page in [*PAGES, *(REPOSITORY / "docs/decisions").glob("*.md")]:
        text = page.read_text()
        for name in re.findall(r"`(test_\w+)`", text):
            assert name in defined, f"{page.name}: {name}"
        for path in re.findall(r"tests/[\w/]+\.py", text):
            assert (REPOSITORY / path).is_file(), f"{page.name}: {path}"


def test_the_application_has_every_operation() -> None:
    """Every module of the API is imported with the application: an operation that is not is none."""
    modules = {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
        for path in (REPOSITORY / "api").rglob("*.py")
    }
    assert {name for name in modules if not name.startswith(_STARTS_THE_API)} <= set(sys.modules)


def test_dialects_only_translate() -> None:
    """Those of images stay under 3,000 lines together: what they share is in `api/translation`, and the work in core."""
    files = [path for path in (REPOSITORY / "api/dialects").glob("*/*.py") if path.parent.name != "mcp"]
    assert files
    assert sum(len(path.read_text().splitlines()) for path in files) < 3_000


def test_every_failure_code_is_explained_to_clients() -> None:
    """The table of docs/requests.md has every failure code with its fault, and whether sending the job again may help."""
    text = (REPOSITORY / "docs/requests.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (client|model|capacity|platform) \| (yes|no) \|", text, re.MULTILINE)
    assert sorted(rows) == sorted(
        (code, traits.fault, "yes" if traits.retryable else "no") for code, traits in FAILURE_TRAITS.items()
    )


def test_checks_before_a_commit_are_those_of_make_check() -> None:
    """The tools of .pre-commit-config.yaml are of the versions that constraints.txt pins."""
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", (REPOSITORY / "constraints.txt").read_text(), re.MULTILINE))
    configuration = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    versions = {source["repo"].rsplit("/", 1)[1]: source.get("rev", "") for source in configuration["repos"]}
    assert versions["ruff-pre-commit"] == f"v{pinned['ruff']}"
    assert versions["codespell"] == f"v{pinned['codespell']}"
    assert versions["check-jsonschema"] == pinned["check-jsonschema"]


def test_ci_runs_what_it_is_said_to_run() -> None:
    """The workflow calls .ci/run on a Python that the project supports."""
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    (version,) = [step["with"]["python-version"] for step in job["steps"] if "python-version" in step.get("with", {})]
    assert PROJECT["project"]["requires-python"] == f">={version}"
