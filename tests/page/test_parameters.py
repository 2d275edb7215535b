"""Parameters that are lists and objects have controls by their schema, whatever model has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from bench.models_file import write_section
from infra.local import LocalStack
from infra.local.webhook_listener import listening
from tests.acceptance.beside_picturebook import write_models_file
from tests.acceptance.customer import SMALL, Customer, open_account
from tests.acceptance.test_extra_weights import build_files
from tests.page.accessibility import list_serious_faults
from tests.page.browser import PHONE
from tests.page.composing import compose, press_render, wait_for_pictures
from tests.page.conftest import Visitor
from tests.rendering.extras.proof import draw_picture
from tests.unit.pictures import encode
from tests.warm.start_warm import start_warm

#: No parameter of any model: every kind of list and object, one in the other.
_SCHEMA = {
    "type": "object",
    "properties": {
        "lights": {
            "type": "array",
            "maxItems": 2,
            "items": {
                "type": "object",
                "properties": {"strength": {"type": "number", "minimum": 0, "maximum": 1}, "on": {"type": "boolean"}},
            },
        },
        "words": {"type": "array", "items": {"type": "string"}},
        "sides": {"type": "array", "items": {"type": "string", "enum": ["left", "right", "top"]}, "maxItems": 2},
        "weight": {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 10},
                {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 10}, "maxItems": 3},
            ],
            "default": 1.0,
        },
        "names": {"type": "object", "additionalProperties": {"type": "string"}},
        "unknown": {"type": "array", "items": {"type": "array", "items": {}}},
        "fixed": {"const": 3},
    },
}

_MOUNT = """async ([schema, errors]) => {
  const { html, render, useState } = await import("/page/vendor/htm_preact.js");
  const { Parameter } = await import("/page/compose/parameter.js");
  const { withoutBlanks } = await import("/page/state/blanks.js");
  const Held = () => {
    const [value, setValue] = useState(null);
    window.held = withoutBlanks(value);
    return html`<${Parameter} name="scene" schema=${schema} value=${value} errors=${errors} onChange=${setValue} />`;
  };
  const place = Object.assign(document.createElement("main"), { id: "mounted" });
  document.body.replaceChildren(place);
  render(html`<h1>Parameters</h1><${Held} />`, place);
}"""


def mount(page: Page, schema: dict[str, Any], errors: list[dict[str, str]] | None = None) -> None:
    page.evaluate(_MOUNT, [schema, errors or []])
    expect(page.get_by_role("group", name="Scene")).to_be_visible()


def test_every_kind_of_list_and_object_has_a_control(page: Page) -> None:
    """What is chosen and typed is the value; what is left empty is no part of it."""
    mount(page, _SCHEMA)
    assert page.evaluate("held") is None
    for word in ("right", "left"):
        page.get_by_role("group", name="Sides").get_by_role("button", name=word).click()
    expect(page.get_by_role("button", name="top")).to_be_disabled()
    words = page.get_by_role("group", name="Words")
    words.get_by_role("textbox").fill("fog")
    words.get_by_role("button", name="Add another").click()
    weight = page.get_by_role("group", name="Weight")
    weight.get_by_role("spinbutton").fill("0.5")
    assert page.evaluate("held") == {"sides": ["right", "left"], "words": ["fog"], "weight": 0.5}
    weight.get_by_role("button", name="Add another").click()
    weight.get_by_role("spinbutton").last.fill("2")
    lights = page.get_by_role("group", name="Lights", exact=True)
    lights.get_by_role("spinbutton").fill("0.25")
    lights.get_by_role("switch").check()
    names = page.get_by_role("group", name="Names")
    for name, value in (("a", "1"), ("b", "2")):
        names.get_by_role("button", name="Add another").click()
        names.get_by_label("Name of").last.fill(name)
        names.get_by_label("Value of").last.fill(value)
    names.get_by_role("button", name="Without Names 1").click()

    assert page.evaluate("held") == {
        "sides": ["right", "left"],
        "words": ["fog"],
        "weight": [0.5, 2],
        "lights": [{"strength": 0.25, "on": True}],
        "names": {"b": "2"},
    }
    weight.get_by_role("button", name="Without Weight 2").click()
    assert page.evaluate("held.weight") == 0.5
    assert list_serious_faults(page) == []


def test_an_error_stands_at_the_part_that_it_is_about(page: Page) -> None:
    """Each once: at a value of a list, at a choice, and at the whole."""
    errors = [
        {"field": "scene.weight.0", "message": "too heavy"},
        {"field": "scene.sides.1", "message": "no such side"},
        {"field": "scene", "message": "too dark"},
    ]
    mount(page, _SCHEMA, errors)

    for error in errors:
        expect(page.get_by_text(error["message"])).to_have_count(1)
    expect(page.get_by_role("spinbutton", name="Weight 1")).to_have_attribute("aria-invalid", "true")


def test_labels_and_a_webhook_of_one_job(visitor: Visitor, customer: Customer) -> None:
    """They go with the job: its labels are shown, and its end is sent to the address. All of it is there again after a reload."""
    with listening() as listener, visitor.signed_in() as (page, watch):
        watch.expect("422")  # while the address is being typed
        compose(page, "a red mug", **SMALL)
        page.get_by_text("More settings").click()
        labels = page.get_by_role("group", name="Metadata")
        labels.get_by_role("button", name="Add another").click()
        labels.get_by_label("Name of Metadata 1").fill("order")
        labels.get_by_label("Value of Metadata 1").fill("4711")
        page.get_by_role("group", name="Webhook").get_by_label("Url").fill(listener.url)
        press_render(page)
        wait_for_pictures(page, 1)
        call = listener.calls.get(timeout=60)
        page.reload()
        expect(page.locator(".more .count")).to_have_text("2")
        page.get_by_text("More settings").click()
        expect(page.get_by_label("Value of Metadata 1")).to_have_value("4711")
        assert list_serious_faults(page) == []

    [job] = customer.http.get("/v1/jobs").json()["data"]
    assert job["metadata"] == {"order": "4711"}
    assert job["id"].encode() in call.body


@pytest.fixture
def controlled(tmp_path: Path) -> Iterator[tuple[LocalStack, Customer]]:
    """A service with a model that has three ControlNets."""
    build_files(tmp_path)
    names = {"controlnet": {name: name for name in ("edges", "depth", "pose")}}
    section = write_section("drawn", "base", **names, schedulers=["ddim"], default_scheduler="ddim")
    environment = {"MODELS_FILE": str(write_models_file(tmp_path, section))}
    with (
        LocalStack(environment=environment, start_process=start_warm) as stack,
        open_account(stack, "controlled") as customer,
    ):
        yield stack, customer


@pytest.mark.slow
def test_pictures_for_the_controlnets_that_are_chosen(
    controlled: tuple[LocalStack, Customer], browser: Browser
) -> None:
    """Two pictures, the names of two ControlNets in their order, and a scale for each: the job is drawn with just these."""
    stack, customer = controlled
    with Visitor(browser, stack, customer).signed_in() as (page, watch):
        watch.expect("422")  # until all of it is chosen
        page.locator("select[name=model]").select_option("drawn")
        compose(page, "a red mug", num_inference_steps=2)
        pictures: list[FilePayload] = [
            {"name": f"{seed}.png", "mimeType": "image/png", "buffer": encode(draw_picture(seed))} for seed in (1, 2)
        ]
        page.locator("input[type=file][aria-label='Follow the lines of']").set_input_files(pictures)
        expect(page.locator(".slot figcaption")).to_have_text(["1", "2"])
        page.get_by_text("More settings").click()
        names = page.get_by_role("group", name="Controlnets")
        for name in ("pose", "edges"):
            names.get_by_role("button", name=name).click()
        expect(names.get_by_role("button")).to_have_text(["2. edges", "depth", "1. pose"])
        scales = page.get_by_role("group", name="Controlnet conditioning scale")
        scales.get_by_role("spinbutton").fill("0.9")
        scales.get_by_role("button", name="Add another").click()
        scales.get_by_role("spinbutton").last.fill("0.4")
        press_render(page)
        wait_for_pictures(page, 1)

        assert list_serious_faults(page) == []
        page.set_viewport_size({"width": PHONE.width, "height": PHONE.height})
        page.wait_for_function("(width) => document.documentElement.scrollWidth <= width", arg=PHONE.width)

    [job] = customer.http.get("/v1/jobs").json()["data"]
    assert job["status"] == "succeeded", job["failure"]
    assert job["request"]["controlnets"] == ["pose", "edges"]
    assert job["request"]["controlnet_conditioning_scale"] == [0.9, 0.4]
    assert len(job["request"]["control_image"]) == 2
