"""The seam of inpainting in a request: who may set it, and what its row and its schema say."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from core.catalog import Catalog, load_catalog
from core.errors import InvalidRequest
from core.jobs.request.parameter_schema import describe_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import ResolvedRequest, resolve_request
from tests.conftest import REPOSITORY

MASKED = {"image": "art_1", "mask_image": "art_2"}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(REPOSITORY / "models.toml")


def resolve(catalog: Catalog, **fields: Any) -> ResolvedRequest:
    request = RenderRequest(prompt="a red mug", **fields)
    return resolve_request(request, catalog=catalog, default_model="picturebook")


@pytest.mark.parametrize(("fields", "feather"), [({}, 8), ({"mask_feather": 0}, 0), ({"mask_feather": 64}, 64)])
def test_an_inpainting_job_has_a_seam(catalog: Catalog, fields: dict[str, int], feather: int) -> None:
    """Of eight pixels, unless the request says otherwise; the row shows it."""
    resolved = resolve(catalog, **MASKED, **fields)

    assert (resolved.parameters["mask_feather"], resolved.warnings) == (feather, [])


@pytest.mark.parametrize("images", [{}, {"image": "art_1"}])
def test_other_tasks_have_none(catalog: Catalog, images: dict[str, str]) -> None:
    """A seam without a mask is refused, and the row of such a job says nothing of it."""
    with pytest.raises(InvalidRequest) as caught:
        resolve(catalog, mask_feather=4, **images)

    assert "mask_feather: needs `mask_image`, the mask whose edge it softens" in caught.value.message
    assert "mask_feather" not in resolve(catalog, **images).parameters


@pytest.mark.parametrize("feather", [-1, 65, 1.5, "8", True])
def test_the_width_is_whole_pixels_up_to_64(feather: object) -> None:
    """Anything else is refused before the model is looked up."""
    with pytest.raises(ValidationError, match="mask_feather"):
        RenderRequest.model_validate({"prompt": "a red mug", "mask_feather": feather, **MASKED})


def test_the_schema_shows_it_for_inpainting_alone(catalog: Catalog) -> None:
    """With its default and its limits."""
    schemas = describe_parameters(catalog, "picturebook")

    assert {task for task, schema in schemas.items() if "mask_feather" in schema["properties"]} == {
        "inpainting",
        "outpaint",
    }
    feather = schemas["inpainting"]["properties"]["mask_feather"]
    assert (feather["type"], feather["default"], feather["minimum"], feather["maximum"]) == ("integer", 8, 0, 64)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"prompt": "a mug", "mask_feather": 65, **MASKED}, schemas["inpainting"])
