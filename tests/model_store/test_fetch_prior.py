"""A model of two repositories: `darkroom-models` fetches and pins both, and the worker draws with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.tiny_families.every import EVERY_FAMILY
from bench.tiny_families.family import prior_folder
from tests.model_store.conftest import Run, Workplace
from tests.model_store.hub_server import Hub, Repository

_SECTION = """
[models.staged]
source = { hub = "owner/decoder" }
prior = { hub = "owner/prior" }
licence = "Apache-2.0"
commercial_use = true
tasks = ["text-to-image", "image-to-image"]
default_width = 64
default_height = 64
max_width = 128
max_height = 128
default_steps = 2
max_steps = 25
schedulers = ["own"]
default_scheduler = "own"
"""


@pytest.fixture
def staged(hub: Hub, workplace: Workplace, tmp_path: Path) -> None:
    """Kandinsky 2.2 as it is published: a decoder's repository, and a prior's."""
    folder = tmp_path / "built"
    EVERY_FAMILY["kandinsky-2.2-folders"].build(folder)
    for name, root, digit in (("decoder", folder, "d"), ("prior", prior_folder(folder), "e")):
        files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        hub.repositories[f"owner/{name}"] = Repository(files | {"README.md": b"---\n---\n"}, commit=digit * 40)
    with (workplace.folder / "models.toml").open("a") as models_file:
        models_file.write(_SECTION)


@pytest.mark.usefixtures("staged")
def test_both_repositories_are_fetched(run: Run, workplace: Workplace) -> None:
    """Until the second one is there, too, the model is not available; then it is the class of both."""
    from worker.rendering.models import Models

    assert workplace.catalog.pipeline_class("staged") is None
    fetched = run("fetch", "staged")

    assert fetched.returncode == 0, fetched.stderr
    catalog = workplace.catalog
    sources = catalog.lock.sources
    assert {key: sources[key].revision for key in ("owner/decoder@main", "owner/prior@main")} == {
        "owner/decoder@main": "d" * 40,
        "owner/prior@main": "e" * 40,
    }
    assert catalog.is_available("staged")
    assert catalog.pipeline_class("staged") == "KandinskyV22CombinedPipeline"
    models = Models(catalog, device="cpu")
    model = models.load("staged")
    assert {"unet/diffusion_pytorch_model.safetensors", "prior/prior/diffusion_pytorch_model.safetensors"} <= set(
        model.file_sha256
    )
    assert run("verify", "staged").returncode == 0
    models.close()


@pytest.mark.usefixtures("staged")
def test_without_its_prior_a_model_is_not_available(run: Run, hub: Hub, workplace: Workplace) -> None:
    """A prior that cannot be fetched is named, and nothing is drawn with the half of it."""
    del hub.repositories["owner/prior"]

    refused = run("fetch", "staged")

    assert refused.returncode == 1
    assert "owner/prior" in refused.stderr
    assert not workplace.catalog.is_available("staged")
