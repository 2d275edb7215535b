"""What one job has done so far, kept while it renders: read to go on from an earlier attempt, and to make checkpoints."""

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


class Journal:
    """One job's. The batcher asks it about each call of a denoiser, the stepping about each step.

    With a checkpoint, the pipeline is called from the start all the same. Its calls get zeros and its scheduler takes
    no step until all that is done has passed by; then the scheduler, the generators and the latents become what they
    were, and the pipeline goes on without having noticed.
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
        """`unsupported` is why the render cannot be resumed, where it cannot.

        Raises CheckpointRefused when the checkpoint is of something else.
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
        """Steps that are not to be taken again."""
        return 0 if self._checkpoint is None else self._checkpoint.step

    @property
    def resume(self) -> str:
        """Whether the render can be resumed, and why not where it cannot: for the receipt."""
        return "supported" if self._unsupported is None else f"unsupported: {self._unsupported}"

    def begin(self, steps: int) -> None:
        """The first of so many steps is about to be taken."""
        if self._checkpoint is not None and self._checkpoint.steps != steps:
            raise CheckpointRefused(f"The checkpoint is of a render of {self._checkpoint.steps} steps, not {steps}.")
        self._steps = steps
        self._scheduler_state = SchedulerState(self._scheduler)

    def pass_step(self, sample: torch.Tensor) -> Any:
        """What the scheduler is to give for a step that is done already: after the last one, what it gave then."""
        assert self._checkpoint is not None
        assert self._scheduler_state is not None
        self.calls.end_step()
        self._step += 1
        state, reader = self._checkpoint.state, self._reader
        if self._step < self._checkpoint.step:
            # Of the right form, so that the pipeline can take it apart.
            return _with_tensors(reader.get(state["result"]), sample)

        self._result = reader.get(state["result"])
        self._scheduler_state.restore(state["scheduler"], reader)
        for generator, generator_state in zip(self._generators, reader.get(state["generators"]), strict=True):
            generator.set_state(generator_state)
        return self._result

    def end_step(self, result: Any) -> None:
        """The scheduler has taken a step, and gave this."""
        self.calls.end_step()
        self._step += 1
        self._result = result

    def capture(self) -> Checkpoint:
        """The job between this step and the next. To be called at the end of a step, by the job's own thread.

        Raises CheckpointUnsupported, with the reason, when the state is one that cannot be written down.
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
) -> Journal:
    """The journal of the render that `pipeline` is about to make, with a scheduler of its own.

    Raises CheckpointRefused when the checkpoint is of something else.
    """
    journal = Journal(
        describe_subject(model, pipeline, drawing),
        pipeline.scheduler,
        generators=generators,
        device=model.device,
        checkpoint=checkpoint,
        unsupported=why_not_resumable(pipeline),
    )
    drawing.job.calls = journal.calls
    return journal


def _with_tensors(result: Any, sample: torch.Tensor) -> Any:
    """The scheduler's result with `sample` for each of its tensors."""
    if isinstance(result, tuple):
        return tuple(sample if isinstance(item, torch.Tensor) else item for item in result)
    return type(result)(**{name: sample if isinstance(item, torch.Tensor) else item for name, item in result.items()})
