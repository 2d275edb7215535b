"""The LoRAs of one loaded model."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from worker.rendering.adapters.find_layers import list_text_encoders
from worker.rendering.adapters.inject import activate, choose_present, eject, inject, list_layers, switch, weigh
from worker.rendering.adapters.lora_file import GetLora, LoraFile, refuse
from worker.rendering.adapters.read_lora import read_lora
from worker.rendering.batching.batch_job import AdapterSet
from worker.rendering.device_errors import is_device_lost, is_out_of_memory
from worker.rendering.errors import ModelUnavailable
from worker.rendering.modules.broken_models import BrokenModels
from worker.rendering.modules.build_alone import building_modules
from worker.rendering.modules.list_denoisers import list_denoisers
from worker.rendering.prompts.component_locks import locked_components
from worker.rendering.prompts.encode import list_reading_components

#: The number of LoRAs that stay in a model's memory although no job uses them: as many as one job may name.
_MOST_KEPT = 8

#: Digits of a digest that distinguish two adapters.
_NAME_DIGITS = 24

#: No forward of the model runs during the block.
Pause = Callable[[], AbstractContextManager[None]]

_log = structlog.get_logger()


@dataclass(frozen=True)
class UsedLoras:
    """The LoRAs that a job draws with."""

    #: Part of the key of its calls of the denoiser; sorted, so that jobs that name the same LoRAs share forwards.
    adapters: AdapterSet
    #: Those of them that change the text encoders' output.
    of_encoders: AdapterSet
    #: For the receipt: id, scale and sha256 of each, as the request names them.
    described: list[dict[str, Any]]
    #: Must be entered while the model's text encoders work for the job.
    while_encoding: Callable[[], AbstractContextManager[None]]


class Adapters:
    """Loads LoRAs into a model while other jobs use it. Safe to use from several threads.

    A LoRA's layers are added to the model's own, and are active only in forwards of jobs that name it. Its name in the
    modules is derived from the model, the LoRA and the file's content, because models share text encoders.
    """

    def __init__(self, pipeline: Any, model_id: str, get_lora: GetLora, *, most_kept: int = _MOST_KEPT) -> None:
        self._pipeline = pipeline
        self._model_id = model_id
        self._get_lora = get_lora
        self._most_kept = most_kept
        #: The number of jobs that use each LoRA, by name, least recently used first.
        self._pins: OrderedDict[str, int] = OrderedDict()
        #: The bytes of each LoRA's weights, by name.
        self._sizes: dict[str, int] = {}
        self._lock = threading.Lock()
        self._one_load = threading.Lock()
        self._broken = BrokenModels()
        #: The active set of the denoisers; changed only while no forward runs.
        self._active: AdapterSet = ()
        #: The denoisers' layers that have adapters; None if they must be searched again, which is slow.
        self._layers: list[Any] | None = None

    @property
    def resident(self) -> int:
        """The number of LoRAs in the model's memory."""
        with self._lock:
            return len(self._pins)

    @property
    def resident_bytes(self) -> int:
        """The bytes of their weights. Never waits."""
        return sum(tuple(self._sizes.values()))

    @contextmanager
    def use(self, loras: Sequence[Mapping[str, Any]], pause: Pause) -> Iterator[UsedLoras]:
        """The LoRAs (each with `id` and `scale`), loaded if they were not, and kept until the block ends.

        Raises ModelUnavailable, naming the LoRA, if one is missing, broken or made for another model.
        """
        files = [(self._get_lora(lora["id"]), float(lora["scale"])) for lora in loras]
        scales: dict[str, float] = {}
        try:
            for file, scale in files:
                name = self._name(file)
                # A LoRA without effect is left out, so that the job shares forwards with jobs that do not name it.
                if scale != 0 and name not in scales:
                    self._pin(name, file, pause)
                    scales[name] = scale
            adapters = tuple(sorted(scales.items()))
            yield UsedLoras(
                adapters=adapters,
                of_encoders=self._of_encoders(adapters),
                described=[{"id": file.id, "scale": scale, "sha256": file.sha256} for file, scale in files],
                while_encoding=partial(self._while_encoding, adapters),
            )
        finally:
            with self._lock:
                for name in scales:
                    self._pins[name] -= 1
                    self._pins.move_to_end(name)

    def activate(self, adapters: AdapterSet) -> None:
        """Switch the denoisers to a set. Called between two forwards, by the thread that runs them."""
        if adapters == self._active:
            return
        if self._layers is None:
            denoisers = list_denoisers(self._pipeline).values()
            self._layers = [layer for denoiser in denoisers for layer in list_layers(denoiser)]
        switch(self._layers, adapters)
        self._active = adapters

    def unload_all(self) -> None:
        """Take every LoRA out of the model. Its forwards must have ended for good; other models may still use its text
        encoders.
        """
        with locked_components(list_reading_components(self._pipeline)), self._lock:
            for name in self._pins:
                eject(self._pipeline, name)
            self._pins.clear()
            self._sizes.clear()
            self._active, self._layers = (), None

    @contextmanager
    def _while_encoding(self, adapters: AdapterSet) -> Iterator[None]:
        encoders = [each for each in list_text_encoders(self._pipeline).values() if choose_present(each, adapters)]
        try:
            for encoder in encoders:
                activate(encoder, adapters)
            yield
        finally:
            for encoder in encoders:
                activate(encoder, ())

    def _pin(self, name: str, file: LoraFile, pause: Pause) -> None:
        if self._try_pin(name):
            return
        with self._one_load:
            # Another job may have loaded it by now.
            if not self._try_pin(name):
                self._load(name, file, pause)

    def _try_pin(self, name: str) -> bool:
        with self._lock:
            if name not in self._pins:
                return False
            self._pins[name] += 1
            return True

    def _load(self, name: str, file: LoraFile, pause: Pause) -> None:
        known = self._broken.find(file.id, file.sha256)
        if known is not None:
            raise ModelUnavailable(known)
        try:
            layers = read_lora(self._pipeline, file)
            with self._alone(pause):
                self._make_room()
                inject(self._pipeline, layers, name)
                with self._lock:
                    self._pins[name] = 1
                    self._sizes[name] = weigh(self._pipeline, name)
        except Exception as error:
            if is_out_of_memory(error) or is_device_lost(error):
                raise
            # Files can be broken in more ways than there are exception types for.
            described = error if isinstance(error, ModelUnavailable) else refuse(file, "its file is no good")
            _log.warning("lora_not_loaded", model=self._model_id, lora=file.id, exc_info=error)
            self._broken.remember(file.id, file.sha256, described.message)
            raise described from error
        _log.info("lora_loaded", model=self._model_id, lora=file.id, layers=sum(map(len, layers.values())))

    def _make_room(self) -> None:
        with self._lock:
            idle = [name for name, pins in self._pins.items() if pins == 0]
            for name in idle[: max(0, len(self._pins) + 1 - self._most_kept)]:
                eject(self._pipeline, name)
                del self._pins[name]
                self._sizes.pop(name, None)

    @contextmanager
    def _alone(self, pause: Pause) -> Iterator[None]:
        """No other thread builds, encodes or denoises with the model's modules during the block."""
        # The pause comes last, so that the denoiser waits least.
        with building_modules(), locked_components(list_reading_components(self._pipeline)), pause():
            # Even after an error the adapters must be activated again.
            self._active, self._layers = (), None
            for denoiser in list_denoisers(self._pipeline).values():
                activate(denoiser, ())
            yield

    def _of_encoders(self, adapters: AdapterSet) -> AdapterSet:
        encoders = list_text_encoders(self._pipeline).values()
        here = {name for encoder in encoders for name, _ in choose_present(encoder, adapters)}
        return tuple((name, scale) for name, scale in adapters if name in here)

    def _name(self, file: LoraFile) -> str:
        content = f"{self._model_id}\n{file.id}\n{file.sha256}\n{json.dumps(file.settings, sort_keys=True)}"
        # Without full stops, which names of modules cannot contain.
        return f"lora_{hashlib.sha256(content.encode()).hexdigest()[:_NAME_DIGITS]}"
