"""A finished job as OpenAI's Images API answers it."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response

from api.dialects.openai.blueprint import write_error
from api.dialects.openai.states import describe_failure
from api.translation.figures import measure_cost, to_seconds
from api.translation.pictures import link_outputs, read_files, to_base64
from core.batches.image_calls import ImageCall
from core.jobs.status import JobStatus
from core.jobs.views.job_view import JobView


def answer_images(job: JobView, call: ImageCall) -> Response:
    """The images of a job that has succeeded, or the error of one that has not."""
    response = Response(mimetype="application/json")
    if job.status == JobStatus.SUCCEEDED:
        response.set_data(json.dumps(show_images(job, call)))
        return response
    failure = describe_failure(job)
    write_error(response, HTTPStatus(failure.status), message=failure.message, type_=failure.type, code=failure.code)
    return response


def show_images(job: JobView, call: ImageCall) -> dict[str, Any]:
    """The body of the answer: OpenAI's fields, and beside them ours."""
    if call.as_url:
        pictures = [{"url": url} for url in link_outputs(job.outputs)]
    else:
        pictures = [{"b64_json": to_base64(file.body)} for file in read_files(job.outputs)]
    remaining = iter(pictures)
    data = [
        {
            **({} if output.id is None else next(remaining)),
            "seed": output.seed,
            "content_filtered": output.content_filtered,
        }
        for output in job.outputs
    ]
    return {
        "created": to_seconds(job.created_at),
        "data": data,
        **describe_images(job, call),
        "usage": count_tokens(job),
        "job_id": job.id,
        "model": job.model,
        "seed": job.request.get("seed", job.outputs[0].seed if job.outputs else None),
        "cost": measure_cost(job),
        "warnings": [*call.warnings, *job.warnings],
    }


def describe_images(job: JobView, call: ImageCall) -> dict[str, Any]:
    """What all images of the job have in common."""
    return {
        "background": "opaque",
        "output_format": job.request["output_format"],
        "quality": call.quality,
        "size": f"{job.request['width']}x{job.request['height']}",
    }


def count_tokens(job: JobView) -> dict[str, Any]:
    """Tokens of the prompt that the model read; images have none."""
    read = sum(each.read for each in job.prompt_tokens or ())
    return {
        "total_tokens": read,
        "input_tokens": read,
        "output_tokens": 0,
        "input_tokens_details": {"text_tokens": read, "image_tokens": 0},
    }
