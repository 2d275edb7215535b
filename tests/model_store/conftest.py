"""A hub on this machine, a models file that names what is there, and the program itself, in this process or its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from huggingface_hub import constants

from core.catalog import Catalog, load_catalog
from tests.conftest import REPOSITORY
from tests.model_store.hub_server import Hub, Repository, serve_hub
from worker.model_store.commands import main

WEIGHTS = REPOSITORY / "demo_model/weights"

_COMMON = """
description = "for tests"
pipeline = "StableDiffusionPipeline"
default_width = 64
default_height = 64
max_width = 128
max_height = 128
default_steps = 2
max_steps = 8
schedulers = ["ddim"]
default_scheduler = "ddim"
"""
_MODELS = f"""
[models.small]
source = {{ hub = "owner/small" }}
licence = "Apache-2.0"
commercial_use = true
{_COMMON}
[models.tagged]
source = {{ hub = "owner/small", revision = "v1" }}
licence = "LicenseRef-Nobody"
licence_url = "https://example.com/licence"
commercial_use = false
licence_note = "Only for pleasure."
{_COMMON}
[models.lost]
source = {{ hub = "owner/small", revision = "v9" }}
licence = "Apache-2.0"
commercial_use = true
{_COMMON}
[models.absent]
source = {{ hub = "owner/absent" }}
licence = "Apache-2.0"
commercial_use = true
{_COMMON}
[models.gated]
source = {{ hub = "owner/gated" }}
licence = "Apache-2.0"
commercial_use = true
{_COMMON}
[models.pickled]
source = {{ hub = "owner/pickled" }}
licence = "Apache-2.0"
commercial_use = true
{_COMMON}
[models.extra]
source = {{ hub = "owner/small" }}
vae = {{ hub = "owner/small", subfolder = "vae" }}
textual_inversions = {{ "<ink>" = {{ hub = "owner/small", file = "ink/adapter_model.safetensors" }} }}
licence = "Apache-2.0"
commercial_use = true
{_COMMON}
[loras.ink]
source = {{ hub = "owner/small", file = "whole.safetensors" }}
models = ["small"]
licence = "CC0-1.0"
commercial_use = true
[loras.peft-ink]
source = {{ hub = "owner/small", file = "ink/adapter_model.safetensors" }}
models = ["small"]
licence = "CC0-1.0"
commercial_use = true
[loras.lost-ink]
source = {{ hub = "owner/small", file = "none.safetensors" }}
models = ["small"]
licence = "CC0-1.0"
commercial_use = true
"""


@dataclass(frozen=True)
class Workplace:
    """A folder with a models file."""

    folder: Path

    @property
    def catalog(self) -> Catalog:
        return load_catalog(self.folder / "models.toml", fetched_folder=self.folder / "models")


#: Runs `darkroom-models` with these words.
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub that has Picturebook as owner/small, with files beside it that nobody should fetch."""
    files = {str(path.relative_to(WEIGHTS)): path.read_bytes() for path in sorted(WEIGHTS.rglob("*")) if path.is_file()}
    files |= {
        "unet/diffusion_pytorch_model.bin": b"pickle",
        "ink/adapter_model.safetensors": b"an adapter",
        "ink/adapter_config.json": b'{"lora_alpha": 8}',
        "whole.safetensors": b"all in one",
        "extra/run.json": b"{}",
    }
    repositories = {
        "owner/small": Repository(files),
        "owner/gated": Repository({}, is_gated=True),
        "owner/pickled": Repository({"config.json": b"{}", "diffusion_pytorch_model.bin": b"pickle"}),
    }
    with serve_hub(repositories) as hub:
        yield hub


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    """An empty place to fetch into."""
    (tmp_path / "models.toml").write_text(_MODELS)
    return Workplace(tmp_path)


@pytest.fixture
def run(hub: Hub, workplace: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The program in this process, asking the hub on this machine: its imports take longer than all that it does."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("MODELS_FILE", str(workplace.folder / "models.toml"))
    monkeypatch.setenv("MODELS_FOLDER", str(workplace.folder / "models"))
    # What the library reads from the environment when it is imported.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", hub.address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr("sys.argv", ["darkroom-models", *words])
        status: str | int | None = None
        try:
            main()
        except SystemExit as ended:
            status = ended.code
        output, errors = capsys.readouterr()
        # As the interpreter does: a text is printed, and the status is 1.
        if isinstance(status, str):
            status, errors = 1, f"{errors}{status}\n"
        return subprocess.CompletedProcess(words, status or 0, output, errors)

    return run


@pytest.fixture
def run_process(hub: Hub, workplace: Workplace) -> Run:
    """The program in a process of its own, with an environment as in the workers' image."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "worker.model_store", *words],
            cwd=REPOSITORY,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(workplace.folder),
                "HF_ENDPOINT": hub.address,
                "HF_HUB_OFFLINE": "1",
                "MODELS_FILE": str(workplace.folder / "models.toml"),
                "MODELS_FOLDER": str(workplace.folder / "models"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run
