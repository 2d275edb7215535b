"""Styles as data: what a recipe may say, what a file may hold, and which models a style works with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bench.models_file import write_section
from core.catalog import Catalog, load_catalog
from core.errors import InvalidStyles
from core.field_errors import list_field_errors
from core.jobs.styles.fit import list_fitting, list_ways
from core.jobs.styles.prompt_frame import frame_prompt, join_negative_prompts
from core.jobs.styles.style import Recipe, Style
from core.jobs.styles.style_file import load_styles
from demo_model.dataset.style_wordings import NOTHING_ASKED, STYLE_FRAMES
from tests.conftest import REPOSITORY

PLAIN: dict[str, Any] = {"title": "T", "prompt": "a drawing of {prompt}", "example": "a heron"}


def test_the_recipes_of_darkroom() -> None:
    """Each has a frame, an example and a title; each works with a model that ships, and Picturebook with some of them."""
    styles = load_styles(None, models_file=REPOSITORY / "models.toml")
    ways = list_ways(load_catalog(REPOSITORY / "models.toml"))

    assert list(styles) == [
        *("product-photo", "packshot-on-white", "poster", "line-art", "watercolour", "architectural-exterior"),
        *("interior", "sketch-to-render", "icon", "sticker", "pixel-art", "isometric", "blueprint", "neon", "sketch"),
    ]
    works_with = {name: list_fitting(style.recipe, ways) for name, style in styles.items()}
    assert [name for name, models in works_with.items() if "picturebook" in models] == [
        *("product-photo", "packshot-on-white", "poster", "line-art", "watercolour", "icon", "pixel-art"),
        *("blueprint", "neon", "sketch"),
    ]
    assert all("sdxl" in models and "flux.1-dev" in models for models in works_with.values())
    assert works_with["sketch-to-render"]["sdxl"] == ["image-to-image"]
    assert works_with["sketch-to-render"]["flux.2-klein"] == ["edit"]


def test_each_recipe_of_darkroom_has_a_thumbnail_on_the_page() -> None:
    """And there is none without its recipe."""
    thumbnails = REPOSITORY / "api/page/static/style/thumbnails"
    styles = load_styles(None, models_file=REPOSITORY / "models.toml")
    assert {path.stem for path in thumbnails.glob("*.svg")} == set(styles)


def test_picturebook_has_learnt_its_styles_word_for_word() -> None:
    """Their frames are among its captions, and what they lead away from is among those that ask for nothing."""
    styles = load_styles(None, models_file=REPOSITORY / "models.toml")
    ways = list_ways(load_catalog(REPOSITORY / "models.toml"))
    recipes = [style.recipe for style in styles.values() if "picturebook" in list_fitting(style.recipe, ways)]
    learnt = {frame for frames in STYLE_FRAMES.values() for frame in frames}

    plain = {styles[name].recipe.prompt for name in ("packshot-on-white", "icon")}
    assert {recipe.prompt.replace("{prompt}", "{}") for recipe in recipes if recipe.prompt not in plain} <= learnt
    assert {recipe.negative_prompt for recipe in recipes} <= set(NOTHING_ASKED)


@pytest.mark.parametrize(
    ("sent", "framed"),
    [
        ("a mug", "a drawing of a mug, in ink"),
        ("  a mug\n", "a drawing of a mug, in ink"),
        ("{prompt} and {other}", "a drawing of {prompt} and {other}, in ink"),
    ],
)
def test_a_prompt_takes_its_place_in_the_frame(sent: str, framed: str) -> None:
    """Whatever braces are in it."""
    assert frame_prompt("a drawing of {prompt}, in ink", sent) == framed


@pytest.mark.parametrize(
    ("sent", "own", "joined"),
    [
        (None, "blurry", "blurry"),
        ("", "blurry", "blurry"),
        ("hands", "blurry, text", "hands, blurry, text"),
        ("hands, ", "blurry", "hands, blurry"),
        ("hands", "", "hands"),
    ],
)
def test_what_was_sent_comes_first(sent: str | None, own: str, joined: str) -> None:
    """Of the two negative prompts."""
    assert join_negative_prompts(sent, own) == joined


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"prompt": "a drawing"}, "prompt", "{prompt} in it once"),
        ({"prompt": "{prompt} and {prompt}"}, "prompt", "{prompt} in it once"),
        ({"parameters": {"seed": 7}}, "parameters", "seed cannot be set by a style"),
        ({"parameters": {"model": "sdxl"}}, "parameters", "model cannot be set by a style"),
        ({"parameters": {"image": "art_1"}}, "parameters", "image cannot be set by a style"),
        ({"parameters": {"store": False}}, "parameters", "store cannot be set by a style"),
        ({"parameters": {"steps": 0}}, "parameters.steps", "greater than"),
        ({"parameters": {"guidance_scale": "high"}}, "parameters.guidance_scale", "valid number"),
        ({"parameters": {"size": "1024x768", "width": 64}}, "parameters", "size in two ways"),
        ({"parameters": {"eta": [1, 2]}}, "parameters", "eta must be a number"),
        ({"parameters": {f"p{number}": 1 for number in range(17)}}, "parameters", "more than 16"),
        ({"for": {"tasks": ["paint"]}}, "for.tasks.0", "should be"),
        ({"for": {"colour": True}}, "for.colour", "no such"),
        ({"title": ""}, "title", "at least 1"),
        ({"prompt": "x" * 1000 + "{prompt}"}, "prompt", "at most 1000"),
        ({"colour": "red"}, "colour", "no such"),
    ],
)
def test_a_mistake_in_a_recipe_is_named(change: dict[str, Any], field: str, says: str) -> None:
    """By its field, and with the reason."""
    with pytest.raises(ValidationError) as raised:
        Recipe.model_validate(PLAIN | change)

    [error] = list_field_errors(raised.value)
    assert error.field == field
    assert says in error.message


def test_parameters_have_our_names() -> None:
    """Whichever name they were given by; null is no value."""
    recipe = Recipe.model_validate(PLAIN | {"parameters": {"steps": 8, "cfg_scale": 3, "width": None, "eta": 0.5}})

    assert recipe.parameters == {"num_inference_steps": 8, "guidance_scale": 3.0, "eta": 0.5}
    assert Recipe.model_validate(recipe.model_dump(mode="json", exclude_defaults=True)) == recipe


def _load(folder: Path, text: str) -> Mapping[str, Style]:
    (folder / "styles.toml").write_text(text)
    return load_styles(None, models_file=folder / "models.toml")


def test_a_file_beside_the_models_adds_replaces_and_leaves_out(tmp_path: Path) -> None:
    """The operator's own styles come after those of Darkroom."""
    own = '[styles.house-look]\ntitle = "House"\nprompt = "{prompt}, in our look"\nexample = "a chair"\n'
    replaced = '[styles.poster]\ntitle = "Ours"\nprompt = "our poster of {prompt}"\nexample = "a chair"\n'

    styles = _load(tmp_path, f'without = ["sticker"]\n{own}{replaced}')

    names = list(styles)
    assert (len(names), names[-1], "sticker" in names, names.count("poster")) == (15, "house-look", False, 1)
    assert styles["poster"].recipe.title == "Ours"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[styles.Poster]\ntitle = "x"\nprompt = "{prompt}"\nexample = "y"', "styles.Poster"),
        (
            '[styles.poster]\ntitle = "x"\nprompt = "a poster"\nexample = "y"',
            "styles.poster.prompt: must have {prompt}",
        ),
        ('[styles.poster]\ntitle = "x"\nprompt = "{prompt}"', "styles.poster.example: is required"),
        (
            '[styles.poster]\ntitle = "x"\nprompt = "{prompt}"\nexample = "y"\nfor = { families = ["fluxx"] }',
            "no family 'fluxx'",
        ),
        ('without = ["posters"]', "there is no style 'posters'"),
        ("styles = ", "styles.toml: Invalid"),
    ],
)
def test_a_wrong_file_names_the_style_and_the_field(tmp_path: Path, text: str, says: str) -> None:
    """So that the process does not start."""
    with pytest.raises(InvalidStyles, match=r"styles\.toml") as raised:
        _load(tmp_path, text)

    assert says in str(raised.value)


def test_a_file_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    """One beside the models file need not be."""
    assert len(load_styles(None, models_file=tmp_path / "models.toml")) == 15
    with pytest.raises(InvalidStyles, match="STYLES_FILE"):
        load_styles(tmp_path / "absent.toml", models_file=tmp_path / "models.toml")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A model with guidance and negative prompts, one of another family, and one without a prompt."""
    sections = (
        write_section("plain", "x", pipeline="StableDiffusionPipeline", tasks=["text-to-image", "image-to-image"]),
        write_section("other", "x", pipeline="FluxPipeline"),
        write_section("wordless", "x", pipeline="DDPMPipeline", tasks=["unconditional"]),
    )
    (tmp_path / "models.toml").write_text("".join(sections))
    return load_catalog(tmp_path / "models.toml")


@pytest.mark.parametrize(
    ("change", "fitting"),
    [
        ({}, {"plain": ["text-to-image", "image-to-image"], "other": ["text-to-image"]}),
        ({"for": {"models": ["other"]}}, {"other": ["text-to-image"]}),
        ({"for": {"not_models": ["other"]}}, {"plain": ["text-to-image", "image-to-image"]}),
        ({"for": {"families": ["flux"]}}, {"other": ["text-to-image"]}),
        ({"for": {"tasks": ["image-to-image"]}}, {"plain": ["image-to-image"]}),
        ({"for": {"picture": True}}, {"plain": ["image-to-image"]}),
        ({"parameters": {"strength": 0.5}}, {"plain": ["image-to-image"]}),
        ({"parameters": {"eta": 0.5}}, {"plain": ["text-to-image", "image-to-image"]}),
        ({"parameters": {"num_inference_steps": 1000}}, {}),
        ({"parameters": {"scheduler": "magic"}}, {}),
        # A size is of pictures from nothing alone.
        ({"parameters": {"width": 9992}}, {"plain": ["image-to-image"]}),
        ({"parameters": {"loras": [{"id": "ink"}]}}, {}),
    ],
)
def test_a_style_works_with_models_that_have_what_it_sets(
    catalog: Catalog, change: dict[str, Any], fitting: dict[str, list[str]]
) -> None:
    """And that it is for: by id, family or task."""
    assert list_fitting(Recipe.model_validate(PLAIN | change), list_ways(catalog)) == fitting
