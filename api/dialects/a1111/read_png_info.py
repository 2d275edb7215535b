"""`POST /a1111/sdapi/v1/png-info`: how a picture was drawn, as its file says."""

from __future__ import annotations

from flask import Response, jsonify

from api.dialects.a1111.blueprint import a1111_blueprint
from api.json_body import takes_images
from api.translation.submit import read_object
from core.errors import FieldError, InvalidRequest
from core.pictures.data_uri import read_picture_text
from core.pictures.infotext import KEYWORD, parse_infotext
from core.pictures.limits import NotAnImage
from core.pictures.png_text import find_text


@a1111_blueprint.post("/sdapi/v1/png-info")
@takes_images("image")
def read_png_info() -> Response:
    """The text in a PNG, and its values. Its pixels are not looked at."""
    image = read_object().get("image")
    if image is None:
        raise InvalidRequest([FieldError("image", "is required: a PNG as base64", "required")])
    try:
        text = find_text(read_picture_text(str(image)), KEYWORD) or ""
    except NotAnImage as error:
        raise InvalidRequest([FieldError("image", str(error), "not_a_picture")]) from None
    return jsonify(
        info=text, items={"parameters": text} if text else {}, parameters=parse_infotext(text) if text else {}
    )
