"""A model of two stages in two folders: which classes go together, what a request may send, and what it costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.models_file import write_section
from core.catalog import Catalog, Task, load_catalog
from core.catalog.family_table import format_families_page, list_family_rows
from core.catalog.schedulers import DIFFUSION_SCHEDULERS, list_schedulers
from core.errors import InvalidCatalog, InvalidRequest
from core.jobs.request.parameter_schema import describe_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import ResolvedRequest, resolve_request

BOTH: list[Task] = ["text-to-image", "image-to-image"]


def load(folder: Path, own: str, prior: str | None = None, **fields: Any) -> Catalog:
    """A model `one` of the class, and its prior's folder with a class of its own."""
    section = write_section("one", "decoder", pipeline=own, **({} if prior is None else {"prior": "prior"}), **fields)
    (folder / "models.toml").write_text(section)
    if prior is not None:
        (folder / "prior").mkdir(exist_ok=True)
        (folder / "prior/model_index.json").write_text(json.dumps({"_class_name": prior}))
    return load_catalog(folder / "models.toml")


def resolve(catalog: Catalog, size: tuple[int, int] | None = None, **fields: Any) -> ResolvedRequest:
    sizes = {} if size is None else {"image": size}
    request = RenderRequest(**({"prompt": "a mug"} | fields))
    return resolve_request(request, catalog=catalog, default_model="one", input_sizes=sizes)


def refuse(catalog: Catalog, size: tuple[int, int] | None = None, **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        resolve(catalog, size, **fields)
    return {error.field: error.message for error in caught.value.errors}


@pytest.mark.parametrize(
    ("own", "prior", "joined"),
    [
        ("KandinskyV22Pipeline", "KandinskyV22PriorPipeline", "KandinskyV22CombinedPipeline"),
        ("KandinskyImg2ImgPipeline", "KandinskyPriorPipeline", "KandinskyImg2ImgCombinedPipeline"),
        ("StableCascadeDecoderPipeline", "StableCascadePriorPipeline", "StableCascadeCombinedPipeline"),
        ("WuerstchenDecoderPipeline", "WuerstchenPriorPipeline", "WuerstchenCombinedPipeline"),
    ],
)
def test_a_decoder_with_its_prior_is_the_class_of_both(tmp_path: Path, own: str, prior: str, joined: str) -> None:
    """Its parameters are those of both stages; and its prior is one of the sources that are fetched and pinned."""
    size: dict[str, Any] = {"default_width": 128, "default_height": 128}
    tasks: list[Task] = BOTH if own.startswith("Kandinsky") else BOTH[:1]
    catalog = load(tmp_path, own, prior, tasks=tasks, **size)

    assert catalog.pipeline_class("one") == joined
    properties = describe_parameters(catalog, "one")[tasks[0]]["properties"]
    assert {"prior_num_inference_steps", "prior_guidance_scale", "num_inference_steps"} <= set(properties)
    assert list(catalog.get("one").sources) == ["source", "prior"]


def test_a_prior_of_the_hub_has_to_be_fetched(tmp_path: Path) -> None:
    """As the model itself."""
    section = write_section("one", "decoder", pipeline="KandinskyV22Pipeline") + "prior = { hub = 'owner/prior' }\n"
    (tmp_path / "models.toml").write_text(section)
    catalog = load_catalog(tmp_path / "models.toml")

    unfetched = catalog.find_unfetched("one")
    assert unfetched is not None
    assert unfetched.hub == "owner/prior"
    assert not catalog.is_available("one")


@pytest.mark.parametrize(
    ("own", "prior", "reason"),
    [
        ("KandinskyV22Pipeline", None, "prior: KandinskyV22Pipeline draws what a prior has made"),
        ("StableCascadePriorPipeline", None, "pipeline: StableCascadePriorPipeline draws no picture"),
        ("KandinskyV22CombinedPipeline", "KandinskyV22PriorPipeline", "prior: KandinskyV22CombinedPipeline takes none"),
        ("StableDiffusionPipeline", "KandinskyV22PriorPipeline", "prior: StableDiffusionPipeline takes none"),
        (
            "KandinskyV22Pipeline",
            "KandinskyPriorPipeline",
            "prior: KandinskyV22Pipeline needs a KandinskyV22PriorPipeline, and this is a KandinskyPriorPipeline",
        ),
    ],
)
def test_stages_that_do_not_go_together_are_refused(tmp_path: Path, own: str, prior: str | None, reason: str) -> None:
    """At the start, with the section and the key."""
    with pytest.raises(InvalidCatalog, match=rf"models\.one\.{reason}"):
        load(tmp_path, own, prior)


def test_the_strength_shortens_the_last_stage(tmp_path: Path) -> None:
    """The steps of the prior are done whatever the strength is."""
    catalog = load(tmp_path, "KandinskyV22Pipeline", "KandinskyV22PriorPipeline", tasks=BOTH)
    fields: dict[str, Any] = {"image": "art_1", "num_inference_steps": 9, "prior_num_inference_steps": 5}

    assert resolve(catalog, (64, 64), strength=0.55, **fields).steps == 5 + 4
    assert resolve(catalog, (64, 64), strength=1.0, **fields).steps == 5 + 9
    assert refuse(catalog, (64, 64), strength=0.1, **fields) == {
        "strength": "leaves no step to do: num_inference_steps times strength must be 1 or more"
    }


def test_a_stages_own_number_of_steps_stays_within_the_limit(tmp_path: Path) -> None:
    """A request that leaves it out is never refused for it."""
    size: dict[str, Any] = {"default_width": 128, "default_height": 128}

    def count(**fields: Any) -> Any:
        catalog = load(tmp_path, "StableCascadeDecoderPipeline", "StableCascadePriorPipeline", **size, **fields)
        return resolve(catalog).parameters["prior_num_inference_steps"]

    assert [count(max_steps=most) for most in (20, 59, 60, 61)] == [20, 59, 60, 60]


@pytest.mark.parametrize(
    ("own", "prior", "step"),
    [
        ("KandinskyPipeline", "KandinskyPriorPipeline", 64),
        ("StableCascadeDecoderPipeline", "StableCascadePriorPipeline", 128),
    ],
)
def test_sides_are_multiples_of_what_the_stages_draw(tmp_path: Path, own: str, prior: str, step: int) -> None:
    """Others would be drawn larger, or smaller."""
    catalog = load(tmp_path, own, prior, default_width=128, default_height=128, max_width=512, max_height=512)

    assert refuse(catalog, width=step * 3 // 2, height=step)["width"] == f"this model needs a multiple of {step}"
    assert resolve(catalog, width=step * 2, height=step).parameters["width"] == step * 2


def test_a_decoder_of_control_images_needs_one(tmp_path: Path) -> None:
    """Its class takes it as any other parameter that cannot be left out."""
    catalog = load(tmp_path, "KandinskyV22ControlnetPipeline", "KandinskyV22PriorPipeline")

    assert refuse(catalog) == {"control_image": "one draws by a control image: send one"}
    assert resolve(catalog, control_image="art_1").steps > 0
    assert describe_parameters(catalog, "one")["text-to-image"]["required"] == ["prompt", "control_image"]


def test_a_size_that_the_weights_decide_is_not_chosen(tmp_path: Path) -> None:
    """Also beside a picture of another size; the model's page says which size it is."""
    catalog = load(tmp_path, "UnCLIPImageVariationPipeline", tasks=["variation"])
    fields: dict[str, Any] = {"prompt": None, "image": "art_1"}

    resolved = resolve(catalog, (100, 30), **fields)
    assert (resolved.parameters["width"], resolved.parameters["height"]) == (64, 64)
    assert resolve(catalog, (100, 30), width=64, **fields).parameters["width"] == 64
    assert refuse(catalog, (100, 30), width=128, **fields) == {
        "width": "is 64: it follows from the model, which draws one size, so leave it out"
    }
    sides = describe_parameters(catalog, "one")["variation"]["properties"]
    assert (sides["width"]["const"], sides["height"]["const"]) == (64, 64)


def test_a_negative_prompt_has_an_effect_if_any_stage_is_guided(tmp_path: Path) -> None:
    """A warning comes only if none of them is."""
    catalog = load(tmp_path, "KandinskyV22Pipeline", "KandinskyV22PriorPipeline")

    def warn(**scales: Any) -> list[str]:
        return resolve(catalog, negative_prompt="blurry", **scales).warnings

    assert warn(guidance_scale=1.0) == []
    assert warn(prior_guidance_scale=1.0) == []
    assert warn(guidance_scale=1.0, prior_guidance_scale=1.0) == [
        "negative_prompt has no effect at a prior_guidance_scale and a guidance_scale of 1 or less"
    ]


def test_the_guidance_of_cascades_decoder_needs_that_of_its_prior(tmp_path: Path) -> None:
    """It takes the negative prompt as the prior has read it. Wuerstchen reads it once more."""
    size: dict[str, Any] = {"default_width": 128, "default_height": 128}
    cascade = load(tmp_path, "StableCascadeDecoderPipeline", "StableCascadePriorPipeline", **size)
    scales: dict[str, Any] = {"prior_guidance_scale": 1.0, "decoder_guidance_scale": 1.5}

    assert refuse(cascade, **scales) == {
        "decoder_guidance_scale": "above 1 needs a prior_guidance_scale above 1, and this is 1"
    }
    assert resolve(cascade, decoder_guidance_scale=1.5).parameters["decoder_guidance_scale"] == 1.5
    assert resolve(cascade, prior_guidance_scale=1.0).parameters["prior_guidance_scale"] == 1.0
    wuerstchen = load(tmp_path, "WuerstchenDecoderPipeline", "WuerstchenPriorPipeline", **size)
    assert resolve(wuerstchen, **scales).parameters["decoder_guidance_scale"] == 1.5


def test_kandinsky_2_has_its_own_scheduler_alone() -> None:
    """It never scales what it gives its denoiser."""
    noise = {"prediction_type": "epsilon"}

    assert list_schedulers(noise, "KandinskyV22CombinedPipeline") == ("own",)
    assert list_schedulers(noise, "KandinskyImg2ImgCombinedPipeline") == ("own",)
    assert {*DIFFUSION_SCHEDULERS} < {*list_schedulers(noise, "StableDiffusionPipeline")}


def test_the_table_has_a_row_for_each_stage() -> None:
    """With what it was measured at; a class of Darkroom's own has a row too, and is not counted."""
    rows = {row.class_name: row for row in list_family_rows()}

    assert rows["KandinskyV22Pipeline"].tasks == ("text-to-image (with a prior)",)
    assert rows["StableCascadePriorPipeline"].tasks == ("text-to-image (as the prior)",)
    assert rows["KandinskyV22InpaintPipeline"].list_cells()[4] == "yes"
    ours = {name for name, row in rows.items() if row.is_ours}
    assert ours == {"KandinskyV22ControlnetCombinedPipeline", "KandinskyV22ControlnetImg2ImgCombinedPipeline"}
    assert f"{len(rows) - len(ours)} classes are served" in format_families_page()
