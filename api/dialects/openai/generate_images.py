"""`POST /openai/v1/images/generations`: images of a prompt, once they are there, or as they come to be."""

from __future__ import annotations

from functools import partial

from flask import Response

from api.dialects.openai.blueprint import openai_blueprint
from api.dialects.openai.image_answer import answer_images
from api.dialects.openai.stream_images import ImageStream
from api.json_body import takes_images
from api.live.asked import StreamAsked, WaitAsked
from api.translation.stream import stream_job
from api.translation.submit import read_object, submit
from api.translation.wait import answer_finished
from core.batches.image_calls import SENT_AS, ImageCall, read_image_call
from core.jobs.request.input_images import list_image_names


@openai_blueprint.post("/images/generations")
@takes_images(*list_image_names())
def generate_images() -> Response:
    """Draws, and answers with the images."""
    return answer_call(read_image_call(read_object()), kind="image_generation")


def answer_call(call: ImageCall, *, kind: str) -> Response:
    """Submits what the call asks for, and answers with its images; `kind` begins the names of its events."""
    if call.is_stream:
        job = submit(call.fields, sent_as=SENT_AS, keeps=StreamAsked)
        return stream_job(job, ImageStream(call, kind).translate)
    job = submit(call.fields, sent_as=SENT_AS, keeps=WaitAsked)
    return answer_finished(job, partial(answer_images, call=call), keep_alive=True)
