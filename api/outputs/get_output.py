"""`GET /v1/outputs/{output_id}`: read one picture's address, seed, prompt and marks."""

from __future__ import annotations

from flask import Response

from api.answer import NOT_MODIFIED, answer_version
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.outputs.blueprint import OutputPath, outputs_blueprint
from api.v1 import describe_problems
from core.database import read_with_one_retry
from core.gallery.output_view import GalleryOutputView, build_output_view
from core.gallery.read_outputs import get_outputs, name_version


@outputs_blueprint.get(
    "/outputs/<output:output_id>",
    summary="Get an output",
    responses={
        200: GalleryOutputView,
        **NOT_MODIFIED,
        **describe_problems({404: "There is no such output in this account (any more)."}),
    },
)
@takes_no_query
def get_output(path: OutputPath) -> Response:
    """The picture as it stands, with a fresh download address."""
    output_id = path.parse()
    outputs = read_with_one_retry(
        lambda connection: get_outputs(connection, [output_id], account_id=current_account_id())
    )
    return answer_version(name_version(outputs), lambda: build_output_view(outputs[0]).model_dump_json())
