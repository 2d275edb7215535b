"""A model in two folders, its own and its prior's: loaded as one, with everything that both bring."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline

from bench.tiny_families.every import EVERY_FAMILY
from bench.tiny_families.family import prior_folder
from tests.rendering.models.conftest import BuildCatalog, weigh
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import LoadedModel, Models
from worker.rendering.models.extras.join_stages import join_stages
from worker.rendering.models.memory import module_bytes
from worker.rendering.render import render_images

PRIOR_WEIGHTS = "prior/diffusion_pytorch_model.safetensors"
REQUEST: dict[str, Any] = {
    "prompt": "a red mug",
    "width": 128,
    "height": 128,
    "num_inference_steps": 2,
    "prior_num_inference_steps": 2,
    "scheduler": "own",
}

#: Copies a tiny model and its prior.
CopyModel = Callable[[str], Path]
#: Loads the model of a folder, with the prior beside it.
Load = Callable[..., LoadedModel]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def find(family: str) -> Path:
        if family not in made:
            made[family] = tmp_path_factory.mktemp(family) / "model"
            EVERY_FAMILY[family].build(made[family])
        return made[family]

    return find


@pytest.fixture
def copy(built: Callable[[str], Path], tmp_path: Path) -> CopyModel:
    def copy_both(family: str) -> Path:
        folder = built(family)
        shutil.copytree(prior_folder(folder), prior_folder(tmp_path / "model"))
        return Path(shutil.copytree(folder, tmp_path / "model"))

    return copy_both


@pytest.fixture
def load(build_catalog: BuildCatalog) -> Load:
    def load_model(folder: Path, **fields: Any) -> LoadedModel:
        usual = {"prior": str(prior_folder(folder)), "schedulers": ["own"], "default_scheduler": "own"}
        sides = dict.fromkeys(("default_width", "default_height"), 128)
        catalog = build_catalog({"model": folder}, **{**usual, **sides, **fields})
        models = Models(catalog, device="cpu")
        model = models.load("model")
        models.close()
        return model

    return load_model


def draw(model: LoadedModel) -> Any:
    [image] = render_images(model, Drawing(REQUEST, seeds=[1]), on_step=lambda _: None).images
    return np.asarray(image).astype(np.int16)


@pytest.mark.parametrize("family", ["kandinsky-2.2-folders", "stable-cascade-folders", "wuerstchen-folders"])
@pytest.mark.filterwarnings("ignore")
def test_both_folders_are_one_model(copy: CopyModel, build_catalog: BuildCatalog, family: str) -> None:
    """The class of both stages, a receipt of both folders' files, and the bytes of all components in the cache."""
    folder = copy(family)
    sides = dict.fromkeys(("default_width", "default_height"), 128)
    own = {"schedulers": ["own"], "default_scheduler": "own", **sides}
    models = Models(build_catalog({"model": folder}, prior=str(prior_folder(folder)), **own), device="cpu")

    model = models.load("model")

    assert type(model.pipeline).__name__.endswith("CombinedPipeline")
    of_prior = {str(path.relative_to(prior_folder(folder))) for path in prior_folder(folder).rglob("*.safetensors")}
    assert {name.removeprefix("prior/") for name in model.file_sha256 if name.startswith("prior/")} == of_prior
    assert len(model.file_sha256) == len(of_prior) + len(list(folder.rglob("*.safetensors")))
    assert models._accounts.used_bytes == weigh(model)
    assert draw(model).any()
    models.close()


@pytest.mark.filterwarnings("ignore")
def test_a_priors_weights_decide_the_picture(copy: CopyModel, load: Load) -> None:
    """Another prior draws another picture, and has another receipt."""
    folder = copy("kandinsky-2.2-folders")
    before, receipt = draw(model := load(folder)), model.file_sha256
    prior = DiffusionPipeline.from_pretrained(prior_folder(folder))
    with torch.no_grad():
        prior.prior.proj_to_clip_embeddings.weight.mul_(-3)
    prior.save_pretrained(prior_folder(folder))

    other = load(folder)

    changed = {name for name, sha256 in other.file_sha256.items() if receipt[name] != sha256}
    assert changed == {f"prior/{PRIOR_WEIGHTS}"}
    assert np.abs(draw(other) - before).max() > 2


@pytest.mark.filterwarnings("ignore")
def test_a_prior_may_have_a_variant_of_its_own(copy: CopyModel, load: Load) -> None:
    """A prior that is there as fp16 only, beside a model of ordinary weights."""
    folder = copy("kandinsky-2.2-folders")
    prior = DiffusionPipeline.from_pretrained(prior_folder(folder))
    shutil.rmtree(prior_folder(folder))
    prior.to(torch.float16).save_pretrained(prior_folder(folder), variant="fp16")

    model = load(folder)

    assert "prior/prior/diffusion_pytorch_model.fp16.safetensors" in model.file_sha256
    assert draw(model).any()


@pytest.mark.filterwarnings("ignore")
def test_models_of_one_prior_have_its_encoders_once(built: Callable[[str], Path], build_catalog: BuildCatalog) -> None:
    """Two decoders with the same prior: its text and image encoders are in memory once, its denoiser for each model."""
    folders = {name: built(f"kandinsky-2.2-{name}") for name in ("folders", "inpainting-folders")}
    prior = str(prior_folder(folders["folders"]))
    tasks = {"folders": "text-to-image", "inpainting-folders": "inpainting"}
    own = {"schedulers": ["own"], "default_scheduler": "own", "prior": prior, "max_width": 512, "max_height": 512}
    sections = [build_catalog({name: folder}, tasks=[tasks[name]], **own) for name, folder in folders.items()]
    catalog = sections[0].model_copy(update={"models": {**sections[0].models, **sections[1].models}})
    models = Models(catalog, device="cpu")

    one, other = (models.load(name) for name in folders)

    for name in ("prior_text_encoder", "prior_image_encoder"):
        assert getattr(one.pipeline, name) is getattr(other.pipeline, name)
    assert one.pipeline.prior_prior is not other.pipeline.prior_prior
    shared = {id(each): each for model in (one, other) for each in model.pipeline.components.values()}
    weights = (module_bytes(each) for each in shared.values() if isinstance(each, torch.nn.Module))
    assert models._accounts.used_bytes == sum(weights)
    assert draw(one).any()
    models.close()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-8])


def _change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.mark.parametrize(
    ("family", "spoil", "reason"),
    [
        ("kandinsky-2.2", lambda prior: (prior / PRIOR_WEIGHTS).unlink(), "prior: prior has no safetensors file"),
        ("kandinsky-2.2", lambda prior: _cut(prior / PRIOR_WEIGHTS), f"prior: {PRIOR_WEIGHTS} has"),
        (
            "kandinsky-2.2",
            lambda prior: (prior / "model_index.json").unlink(),
            "prior: its folder has no model_index",
        ),
        (
            "kandinsky-2.2",
            lambda prior: _change(prior / "model_index.json", prior=["evil", "EvilModel"]),
            "prior: prior comes from 'evil'",
        ),
        (
            "stable-cascade",
            lambda prior: _change(prior / "model_index.json", resolution_multiple=64.0),
            "resolution_multiple = 64.0 of its StableCascadePriorPipeline would be lost",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_wrong_with_a_prior_is_said(
    copy: CopyModel, load: Load, family: str, spoil: Callable[[Path], None], reason: str
) -> None:
    """The job's message says that it is the prior, and which of its files."""
    folder = copy(f"{family}-folders")
    spoil(prior_folder(folder))

    with pytest.raises(ModelUnavailable) as caught:
        load(folder)
    assert reason in caught.value.message


def test_a_prior_that_does_not_fit_is_refused() -> None:
    """Also if the models file could not know it: a hub's repository that was fetched after the start."""
    decoder, prior = (
        EVERY_FAMILY["kandinsky-2.2-folders"].assemble(),
        EVERY_FAMILY["kandinsky-2.1-folders"].assemble_prior,
    )
    assert prior is not None

    with pytest.raises(
        ModelUnavailable, match="its prior is a KandinskyPriorPipeline, which does not go with a Kandin"
    ):
        join_stages(decoder, prior())
    with pytest.raises(ModelUnavailable, match="a KandinskyPriorPipeline takes no prior"):
        join_stages(prior(), prior())


@pytest.mark.filterwarnings("ignore")
def test_components_of_pipelines_that_diffusers_has_put_aside_are_found(copy: CopyModel, load: Load) -> None:
    """As published folders name them: by the module where they were."""
    folder = copy("wuerstchen-folders")
    own, prior = (json.loads((each / "model_index.json").read_text()) for each in (folder, prior_folder(folder)))

    assert (own["decoder"], own["vqgan"]) == (["wuerstchen", "WuerstchenDiffNeXt"], ["wuerstchen", "PaellaVQModel"])
    assert prior["prior"] == ["wuerstchen", "WuerstchenPrior"]
    assert draw(load(folder)).any()
