"""Run the unmodified pipeline for one job; its denoising steps share batches with those of other jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import torch
from PIL.Image import Image, Resampling

from core.catalog import ClassFacts
from core.jobs.request.denoising_steps import count_steps
from worker.rendering.checkpoints import Checkpoint, Journal, open_journal
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ContentFiltered, NonFiniteResult
from worker.rendering.images.content_filter import watch_content_filter
from worker.rendering.images.inpainting import Inpainting
from worker.rendering.models import LoadedModel
from worker.rendering.models.extras.refiner import REFINER
from worker.rendering.modules.list_schedulers import list_schedulers
from worker.rendering.modules.list_stages import list_stages
from worker.rendering.modules.offloading import device_freed
from worker.rendering.modules.own_turn import own_turn
from worker.rendering.modules.tiles import Tiles, noting_tiles
from worker.rendering.pipelines import build_arguments, build_pipeline, find_refusal, list_unused, read_facts
from worker.rendering.pipelines.generators import Generators
from worker.rendering.pipelines.ip_adapter import choose_ip_adapter
from worker.rendering.pipelines.maps import draw_map
from worker.rendering.pipelines.redux import build_arguments_by_prior, build_prior
from worker.rendering.pipelines.refining import Refining, find_refining
from worker.rendering.pipelines.settled_chance import SettledChance
from worker.rendering.prompts import JobPrompts, PromptCache, install_prompt_cache
from worker.rendering.watch_steps import StepEnd, watch_steps, watch_whole_steps


@dataclass(frozen=True)
class RenderedImages:
    """The images of a job, and how they were drawn."""

    #: One for each seed, in order, but for those that the model's content filter withheld; and the positions of these.
    images: list[Image]
    filtered: list[int]
    #: For each forward that the job's calls were part of: its rows (the job's and those of other jobs), and its seconds.
    batch_rows: list[int]
    forward_seconds: list[float]
    #: What the model read of the prompts.
    prompts: JobPrompts
    #: Whether the render could have been resumed (or why not), and the steps that an earlier attempt had already done.
    resume: str
    earlier_steps: int
    #: The LoRAs that it was drawn with, each with id, scale and sha256.
    loras: list[dict[str, Any]]
    #: Whether there was no memory to code its pictures whole.
    tiles: Tiles
    #: A sentence for each parameter that turned out to have no effect, for images that were withheld, and for what was done
    #: otherwise than usual.
    warnings: list[str]
    #: The calls of models that are not batched, by the model's name in the pipeline.
    calls_apart: Mapping[str, int]

    @property
    def by_position(self) -> dict[int, Image]:
        """The images by their positions among those that were asked for, from 0."""
        count = len(self.images) + len(self.filtered)
        positions = [position for position in range(count) if position not in self.filtered]
        return dict(zip(positions, self.images, strict=True))


def render_images(
    model: LoadedModel,
    drawing: Drawing,
    *,
    on_step: Callable[[StepEnd], None],
    checkpoint: Checkpoint | None = None,
    prompt_cache: PromptCache | None = None,
    watch: Callable[[Any], None] | None = None,
) -> RenderedImages:
    """One image for each seed of the drawing, in order, but for those that the model's content filter withholds. Its denoising
    steps run together with those of other jobs in other threads.

    `on_step` is called at the end of each step; an error that it raises ends this render at that step, and no other.
    With a `checkpoint` of the same drawing the steps before it are not done again. Prompts that are in `prompt_cache`
    are not encoded again; a prompt that is too long for the model is encoded in chunks where it can be. `watch` is
    called with the job's own pipeline object before that runs.

    Raises CheckpointRefused for a checkpoint of anything else, ModelUnavailable for a LoRA that cannot be loaded,
    RequestRefused if the mask paints nothing or the pipeline cannot draw what the request asks for, NonFiniteResult if the
    latents or the decoded picture are not finite, and ContentFiltered if every image is withheld.
    """
    inpainting = Inpainting(drawing.images, drawing.request) if "mask_image" in drawing.images else None
    with (
        model.adapters.use(drawing.request.get("loras") or (), model.batcher.paused) as loras,
        _own_pipelines(model, drawing) as (pipeline, refining),
    ):
        prior = build_prior(model, drawing)
        facts = read_facts(pipeline)
        drawing.job.adapters = tuple(sorted((*loras.adapters, *choose_ip_adapter(pipeline, drawing))))
        drawing.job.goes_alone = bool(drawing.request.get("deterministic")) or facts.apart is not None
        generators = Generators(drawing.seeds)
        journal = open_journal(
            model,
            pipeline,
            drawing,
            generators=generators,
            checkpoint=checkpoint,
            unsupported=None if refining is None else "its last steps are drawn by a refiner",
        )

        prompts = install_prompt_cache(
            pipeline if prior is None else prior,
            PromptCache(max_bytes=0) if prompt_cache is None else prompt_cache,
            model_id=model.id,
            adapters=loras.of_encoders,
            while_encoding=loras.while_encoding,
            stages=list_stages(pipeline),
        )
        if watch is not None:
            watch(pipeline)
        check = _ResultCheck(model, drawing, on_step)
        if refining is not None:
            # Its text encoder reads the prompts, too.
            install_prompt_cache(
                refining.pipeline,
                PromptCache(max_bytes=0) if prompt_cache is None else prompt_cache,
                model_id=f"{model.id}/{REFINER}",
            )
        whole_steps = _watch_steps(pipeline, refining, drawing, check.check_result, journal)
        content_filter = watch_content_filter(pipeline)

        turn = own_turn(pipeline, model.turn) if facts.one_at_a_time else nullcontext()
        with check.refused_requests(), turn, noting_tiles() as tiles:
            images = _run_pipeline(
                pipeline,
                model,
                drawing,
                generators,
                prior=prior,
                refining=refining,
                chance=SettledChance(drawing.seeds) if facts.leaves_to_chance else nullcontext(),
                images=drawing.images if inpainting is None else inpainting.prepare_images(pipeline),
                arguments=whole_steps,
            )
        filtered, count = content_filter.withheld, len(images)
        if len(filtered) == count:
            raise ContentFiltered
        images = [image for position, image in enumerate(images) if position not in filtered]
        # Some classes draw a size of their own, whatever they are asked for.
        size = (drawing.request["width"], drawing.request["height"])
        images = [image if image.size == size else image.resize(size, Resampling.LANCZOS) for image in images]
        if inpainting is not None:
            images = [inpainting.finish(image) for image in images]
        return RenderedImages(
            images,
            filtered,
            drawing.job.batch_rows,
            drawing.job.forward_seconds,
            prompts,
            resume=journal.resume,
            earlier_steps=journal.earlier_steps,
            loras=loras.described,
            tiles=tiles,
            warnings=[
                *list_unused(pipeline, model.entry, drawing.request, prompts),
                *(() if inpainting is None else inpainting.warn()),
                *content_filter.warn(count),
                *tiles.warn(),
            ],
            calls_apart=drawing.job.calls_apart,
        )


def _count_stage_steps(facts: ClassFacts, request: Mapping[str, Any]) -> int | None:
    """The steps of all stages of a pipeline that draws in stages; None for others, whose first step shows it."""
    if len(facts.steps) == 1:
        return None
    return count_steps(request, facts.steps, facts.step_rounding or "all", strength=facts.last_strength)


def _watch_steps(
    pipeline: Any,
    refining: Refining | None,
    drawing: Drawing,
    on_step: Callable[[StepEnd], None],
    journal: Journal,
) -> dict[str, Any]:
    """Let `on_step` be called at the end of each step. Returns what the pipeline has to be called with for that."""
    facts = read_facts(pipeline)
    if facts.steps_in_parts:
        return watch_whole_steps(on_step, journal)
    if refining is None:
        watch_steps([pipeline], on_step, journal, steps=_count_stage_steps(facts, drawing.request))
    else:
        steps = refining.count_steps(pipeline.scheduler)
        watch_steps([pipeline, refining.pipeline], on_step, journal, steps=steps)
    return {}


@contextmanager
def _own_pipelines(model: LoadedModel, drawing: Drawing) -> Iterator[tuple[Any, Refining | None]]:
    """A pipeline object and schedulers of the job's own, of the class that draws its task; and the same of its refiner, if that
    draws its last steps.
    """
    pipeline, refining = build_pipeline(model, drawing), find_refining(model, drawing)
    owned = [pipeline, *([] if refining is None else [refining.pipeline])]
    try:
        yield pipeline, refining
    finally:
        drawing.job.forget_calls()
        # The functions that were put around their methods hold them, and the latents. In such a circle all of it would
        # wait for the garbage collector.
        for own in [each for one in owned for each in (one, *list_stages(one), *list_schedulers(one).values())]:
            for name in [name for name, value in vars(own).items() if isinstance(value, FunctionType)]:
                delattr(own, name)


class _ResultCheck:
    """Checks what each step gave, before `on_step` is called for it."""

    def __init__(self, model: LoadedModel, drawing: Drawing, on_step: Callable[[StepEnd], None]) -> None:
        self._model = model
        self._drawing = drawing
        self._on_step = on_step
        self._has_begun = False

    def check_result(self, end: StepEnd) -> None:
        """The job leaves its batch with its last step. Raises NonFiniteResult."""
        self._has_begun = True
        if end.is_last:
            self._model.batcher.leave(self._drawing.job)
        if end.is_last or self._model.device.type == "cpu":  # the check waits for a GPU, so there once
            _check_finite(end.latents)
        self._on_step(end)

    @contextmanager
    def refused_requests(self) -> Iterator[None]:
        """An error of the pipeline that the request is to blame for becomes RequestRefused."""
        try:
            yield
        except Exception as error:
            refusal = find_refusal(error, self._drawing.request, has_begun=self._has_begun)
            if refusal is None:
                raise
            raise refusal from error


def _run_pipeline(
    pipeline: Any,
    model: LoadedModel,
    drawing: Drawing,
    generators: Generators,
    *,
    prior: Any | None,
    refining: Refining | None,
    chance: AbstractContextManager[Any],
    images: Mapping[str, Image | Sequence[Image]],
    arguments: Mapping[str, Any],
) -> list[Image]:
    facts = read_facts(pipeline)
    with torch.inference_mode(), device_freed(pipeline), model.batcher.job(drawing.job), chance:
        own = (
            build_arguments(pipeline, drawing, images)
            if prior is None
            else build_arguments_by_prior(prior, pipeline, drawing, images)
        )
        if refining is None:
            output = pipeline(
                **own,
                **arguments,
                generator=generators[0] if facts.one_generator else generators,
                output_type="pil" if facts.maps is None else "np",
            )
        else:
            begun = pipeline(**own, generator=generators, output_type="latent", denoising_end=refining.refine_from)
            output = refining.draw(begun.images, generators)
    if facts.maps is not None:
        return draw_map(pipeline, facts.maps, output.prediction)
    # A few pipelines have another name for them.
    drawn: list[Any] = output["images" if "images" in output else "image"]
    # And one has a list of pictures for each image.
    return [picture for each in drawn for picture in (each if isinstance(each, list) else [each])]


def _check_finite(latents: torch.Tensor) -> None:
    if not bool(torch.isfinite(latents).all()):
        raise NonFiniteResult
