"""The tools that open over a view can be used by everybody, on a desktop and a phone, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.customer import SMALL, Customer
from tests.page.accessibility import list_serious_faults
from tests.page.browser import DESKTOP, PHONE, Device, Scheme
from tests.page.conftest import Visitor

_MOUNT = """async ([file, name, props]) => {
  const { html, render } = await import("/page/vendor/htm_preact.js");
  const { [name]: Tool } = await import(`/page/pictures/${file}.js`);
  document.getElementById("tool")?.remove();
  const place = Object.assign(document.createElement("main"), { id: "tool" });
  document.body.replaceChildren(place);
  window.called = [];
  const listen = (each) => (...given) => called.push([each, ...given]);
  const handlers = Object.fromEntries(["onClose", "onDone", "onCancel", "onUse"].map((each) => [each, listen(each)]));
  render(html`<${Tool} ...${{ ...props, ...handlers }} />`, place);
}"""

_TOOLS = {
    "viewer": "Viewer",
    "compare": "Compare",
    "mask_painter": "MaskPainter",
    "extend_canvas": "ExtendCanvas",
}


def draw_pictures(customer: Customer) -> list[dict[str, object]]:
    """Two finished pictures, as a tool takes them."""
    jobs = [customer.submit(f"a {colour} mug", **SMALL) for colour in ("red", "blue")]
    outputs = [job["outputs"][0] for job in customer.wait_until_all_finished(jobs)]
    keep = ("id", "url", "width", "height")
    return [{**{name: output[name] for name in keep}, "label": output["id"]} for output in outputs]


def mount(page: Page, tool: str, pictures: list[dict[str, object]]) -> None:
    one, other = pictures
    props = {
        "viewer": {"pictures": pictures},
        "compare": {"left": one, "right": other},
        "mask_painter": {"image": one},
        "extend_canvas": {"image": one, "maxWidth": 256, "maxHeight": 256},
    }
    page.evaluate(_MOUNT, [tool, _TOOLS[tool], props[tool]])
    expect(page.locator("#tool img").first).to_be_visible()


@pytest.mark.parametrize(("device", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_no_tool_has_a_serious_fault(visitor: Visitor, customer: Customer, device: Device, scheme: Scheme) -> None:
    """axe-core finds nothing serious, and nothing is wider than the screen."""
    pictures = draw_pictures(customer)
    with visitor.signed_in(device=device, scheme=scheme) as (page, _):
        for tool in _TOOLS:
            mount(page, tool, pictures)

            assert (tool, list_serious_faults(page)) == (tool, [])
            assert (tool, page.evaluate("document.documentElement.scrollWidth")) == (tool, device.width)


def test_the_viewer_by_keys(page: Page, customer: Customer) -> None:
    """Zoom, pan, the next picture and the end; the focus stays inside, and the status says where one is."""
    mount(page, "viewer", draw_pictures(customer))
    viewer, image = page.get_by_role("dialog"), page.locator(".viewer-frame img")

    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    assert image.evaluate("(image) => image.style.transform").endswith("scale(1.25)")
    expect(viewer.get_by_text("1 / 2")).to_be_visible()
    page.keyboard.press("0")
    page.keyboard.press("ArrowRight")
    expect(viewer.get_by_text("2 / 2")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        )
    page.keyboard.press("Escape")
    assert page.evaluate("called.map(([name]) => name)") == ["onClose"]


def test_the_viewer_by_wheel_and_pointer(page: Page, customer: Customer) -> None:
    """The wheel zooms at the pointer, a drag pans no further than the picture's edge, and a drag of the whole turns the page."""
    mount(page, "viewer", draw_pictures(customer))
    frame, image = page.locator(".viewer-frame"), page.locator(".viewer-frame img")
    box = frame.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(by: float) -> None:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + by, y, steps=5)
        page.mouse.up()

    page.mouse.move(x, y)
    page.mouse.wheel(0, -1000)
    expect(image).not_to_have_css("transform", "matrix(1, 0, 0, 1, 0, 0)")
    scale = image.evaluate("(image) => new DOMMatrix(getComputedStyle(image).transform).a")
    drag(9_000)
    reach = (min(box["width"], box["height"]) * scale - box["width"]) / 2
    moved = image.evaluate("(image) => new DOMMatrix(getComputedStyle(image).transform).e")
    assert moved == pytest.approx(reach, rel=0.01)

    page.keyboard.press("0")
    drag(-200)
    expect(page.get_by_role("dialog").get_by_text("2 / 2")).to_be_visible()


def test_the_comparison_by_pointer_and_keys(page: Page, customer: Customer) -> None:
    """The right picture begins where the slider stands."""
    mount(page, "compare", draw_pictures(customer))
    slider, right = page.get_by_role("slider"), page.locator(".compare-right")

    slider.press("ArrowRight")
    expect(right).to_have_css("clip-path", "inset(0px 0px 0px 50.5%)")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    assert float(slider.input_value()) == pytest.approx(25, abs=2)
