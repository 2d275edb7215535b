"""A record of what one job has done, kept while it renders, to resume from an earlier attempt and to make checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from worker.rendering.checkpoints.calls import CallLog
from worker.rendering.checkpoints.checkpoint import Checkpoint
from worker.rendering.checkpoints.scheduler_state import SchedulerState
from worker.rendering.checkpoints.subject import Subject, describe_subject
from worker.rendering.checkpoints.tensors import TensorReader, TensorStore
from worker.rendering.checkpoints.unsupported import why_not_resumable
from worker.rendering.drawing import Drawing
from worker.rendering.errors import CheckpointRefused, CheckpointUnsupported
from worker.rendering.models import LoadedModel
from worker.rendering.modules.list_schedulers import find_last_scheduler


class Journal:
    """The journal of one job. The batcher uses it at each call of a denoiser, `watch_steps` at each step.

    With a checkpoint, the pipeline is still called from the start. For the steps that were done before, its calls get zeros
    and its scheduler takes no step. At the last of them the scheduler, the generators and the latents are set to what they
    were, and the pipeline continues without noticing.
    """

    def __init__(
        self,
        subject: Subject,
        scheduler: Any,
        *,
        generators: Sequence[torch.Generator],
        device: torch.device,
        checkpoint: Checkpoint | None = None,
        unsupported: str | None = None,
    ) -> None:
        """`unsupported` is the reason why the render cannot be resumed; None if it can.

        Raises CheckpointRefused if the checkpoint is of another subject.
        """
        if checkpoint is not None:
            checkpoint.check_matches(subject)
        self._subject = subject
        self._scheduler = scheduler
        self._generators = generators
        self._checkpoint = checkpoint
        self._unsupported = unsupported
        self._reader = TensorReader({} if checkpoint is None else checkpoint.tensors, device)
        self._scheduler_state: SchedulerState | None = None
        self._step = 0
        self._steps = 0
        self._result: Any = None
        self.calls = CallLog(
            forms=[] if checkpoint is None else checkpoint.forms,
            earlier=[] if checkpoint is None else checkpoint.calls,
            device=device,
        )

    @property
    def earlier_steps(self) -> int:
        """The number of steps that are not taken again."""
        return 0 if self._checkpoint is None else self._checkpoint.step

    @property
    def resume(self) -> str:
        """Whether the render can be resumed, or why not: for the receipt."""
        reason = self._unsupported or self.calls.unsupported
        return "supported" if reason is None else f"unsupported: {reason}"

    def begin(self, steps: int) -> None:
        """The first of `steps` steps is about to be taken. Raises CheckpointRefused if the checkpoint's render has another
        number of steps.
        """
        if self._checkpoint is not None and self._checkpoint.steps != steps:
            raise CheckpointRefused(f"The checkpoint is of a render of {self._checkpoint.steps} steps, not {steps}.")
        self._steps = steps
        self._scheduler_state = SchedulerState(self._scheduler)

    def pass_step(self, sample: torch.Tensor) -> Any:
        """The scheduler's result for a step that was done before; for the last of them, the result that it had then."""
        assert self._checkpoint is not None
        assert self._scheduler_state is not None
        self.calls.end_step()
        self._step += 1
        state, reader = self._checkpoint.state, self._reader
        if self._step < self._checkpoint.step:
            # It has the right form, so that the pipeline can unpack it.
            return _with_tensors(reader.get(state["result"]), sample)

        self._result = reader.get(state["result"])
        self._scheduler_state.restore(state["scheduler"], reader)
        for generator, generator_state in zip(self._generators, reader.get(state["generators"]), strict=True):
            generator.set_state(generator_state)
        return self._result

    def end_step(self, result: Any) -> None:
        """The scheduler has taken a step with this result."""
        self.calls.end_step()
        self._step += 1
        self._result = result

    def capture(self) -> Checkpoint:
        """The job's state between this step and the next. Call it at the end of a step, in the job's own thread.

        Raises CheckpointUnsupported, with the reason, if the state cannot be stored.
        """
        if self._unsupported is not None:
            raise CheckpointUnsupported(self._unsupported)
        assert self._scheduler_state is not None
        store = TensorStore()
        return Checkpoint(
            subject=self._subject,
            step=self._step,
            steps=self._steps,
            state={
                "result": store.put(self._result),
                "scheduler": self._scheduler_state.put_changes(store),
                "generators": store.put([generator.get_state() for generator in self._generators]),
            },
            forms=self.calls.forms,
            calls=self.calls.steps,
            tensors=store.tensors,
        )


def open_journal(
    model: LoadedModel,
    pipeline: Any,
    drawing: Drawing,
    *,
    generators: Sequence[torch.Generator],
    checkpoint: Checkpoint | None,
    unsupported: str | None = None,
) -> Journal:
    """The journal of the render that `pipeline`, with a scheduler of its own, is about to make. `unsupported` is a reason why it
    cannot be resumed that the pipeline does not show.

    Raises CheckpointRefused if the checkpoint is of something else.
    """
    journal = Journal(
        describe_subject(model, pipeline, drawing),
        find_last_scheduler(pipeline),
        generators=generators,
        device=model.device,
        checkpoint=checkpoint,
        unsupported=unsupported or why_not_resumable(pipeline),
    )
    drawing.job.calls = journal.calls
    return journal


def _with_tensors(result: Any, sample: torch.Tensor) -> Any:
    """The scheduler's result with `sample` for each of its tensors."""
    if isinstance(result, tuple):
        return tuple(sample if isinstance(item, torch.Tensor) else item for item in result)
    return type(result)(**{name: sample if isinstance(item, torch.Tensor) else item for name, item in result.items()})
