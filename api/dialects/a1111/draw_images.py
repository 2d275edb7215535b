"""`POST /a1111/sdapi/v1/txt2img` and `…/img2img`: images of a prompt, or of a picture and a prompt, once they are there."""

from __future__ import annotations

import json
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Response

from api.dialects.a1111.blueprint import a1111_blueprint, write_error
from api.dialects.a1111.draw_request import SENT_AS, read_draw_request
from api.dialects.a1111.states import find_error_status
from api.json_body import takes_images
from api.live.asked import WaitAsked
from api.translation.pictures import read_files, to_base64
from api.translation.submit import read_object, submit
from api.translation.wait import answer_finished
from core.jobs.status import JobStatus
from core.jobs.views.job_view import JobView
from core.pictures.infotext import KEYWORD, build_infotext
from core.pictures.png_text import put_text
from core.pictures.sampler_names import name_sampler

#: What the answer does not repeat of a request.
_PICTURES = ("init_images", "mask", "image", "mask_image")


@a1111_blueprint.post("/sdapi/v1/txt2img")
def draw_from_text() -> Response:
    """Draws, and answers with the images."""
    return _draw(read_object(), has_image=False)


@a1111_blueprint.post("/sdapi/v1/img2img")
@takes_images("mask")
def draw_from_image() -> Response:
    """Draws, and answers with the images."""
    return _draw(read_object(), has_image=True)


def _draw(body: dict[str, Any], *, has_image: bool) -> Response:
    job = submit(read_draw_request(body, has_image=has_image), sent_as=SENT_AS, keeps=WaitAsked)
    echo = {name: value for name, value in body.items() if name not in _PICTURES}
    return answer_finished(job, partial(_answer, echo=echo), keep_alive=True)


def _answer(job: JobView, echo: dict[str, Any]) -> Response:
    response = Response(mimetype="application/json")
    if job.status != JobStatus.SUCCEEDED:
        code, message = (
            ("Interrupted", "it was cancelled") if job.failure is None else (job.failure.code, job.failure.message)
        )
        write_error(response, HTTPStatus(find_error_status(job)), error=code, detail=f"{message} (job {job.id})")
        return response
    drawn = [output for output in job.outputs if output.id is not None]
    texts = [build_infotext(job.request, model=job.model, seed=output.seed) for output in drawn]
    wanted = echo.get("send_images", True)
    images = (
        [put_text(file.body, KEYWORD, text) for file, text in zip(read_files(drawn), texts, strict=True)]
        if wanted
        else []
    )
    response.set_data(
        json.dumps(
            {
                "images": [to_base64(image) for image in images],
                "parameters": echo,
                "info": json.dumps(_describe(job, texts, [output.seed for output in drawn])),
            }
        )
    )
    return response


def _describe(job: JobView, texts: list[str], seeds: list[int | None]) -> dict[str, Any]:
    request = job.request
    prompt, negative = request.get("prompt") or "", request.get("negative_prompt") or ""
    return {
        "prompt": prompt,
        "all_prompts": [prompt] * len(seeds),
        "negative_prompt": negative,
        "all_negative_prompts": [negative] * len(seeds),
        "seed": seeds[0] if seeds else None,
        "all_seeds": seeds,
        "width": request["width"],
        "height": request["height"],
        "sampler_name": name_sampler(str(request.get("scheduler"))),
        "cfg_scale": request.get("guidance_scale"),
        "steps": request.get("num_inference_steps"),
        "batch_size": len(seeds),
        "denoising_strength": request.get("strength"),
        "sd_model_name": job.model,
        "sd_model_hash": None,
        "index_of_first_image": 0,
        "infotexts": texts,
        "styles": [] if job.style is None else [job.style.name],
        "job_timestamp": job.created_at.strftime("%Y%m%d%H%M%S"),
        "job_id": job.id,
        "warnings": job.warnings,
    }
