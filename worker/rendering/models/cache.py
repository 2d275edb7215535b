"""The models of one process: loaded when they are needed, kept while there is memory, evicted by least recent use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial

import structlog
import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from core.catalog import Catalog
from core.metrics import MODEL_EVICTIONS, MODEL_LOAD_SECONDS, MODEL_LOADS, MODEL_RESIDENT_BYTES
from worker.rendering.failed_work import release_frames
from worker.rendering.models.budget import Budget, build_budget
from worker.rendering.models.cache_accounts import CacheAccounts, Resident
from worker.rendering.models.device import choose_device
from worker.rendering.models.loaded_model import LoadedModel
from worker.rendering.models.loading import load_model, resident_parts
from worker.rendering.models.memory import release_memory
from worker.rendering.models.plan_load import LoadPlan
from worker.rendering.models.sources import ModelSources

#: Seconds between checks whether a load that waits for memory is still wanted.
_LOOK_SECONDS = 0.2

#: Seconds that the first model of a process waits for other processes to release memory, before it tries without.
_PATIENCE_SECONDS = 20.0

_log = structlog.get_logger()


def _wait_on() -> None:
    """Wait without a limit."""


class Models:
    """Models by id. Safe to use from several threads: while one loads a model, the others use theirs."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        device: str,
        budget_bytes: int | None = None,
        budget: Budget | None = None,
        forwards: int = 1,
    ) -> None:
        """`device` is a torch device, or `auto` for the GPU if there is one. `budget_bytes` limits the memory of models for
        good; without it, or another `budget`, models take a share of what the device has whenever it matters. `forwards` of
        each model run side by side, if the model can: see `share_cores`.
        """
        self._device = choose_device(device)
        self._forwards = forwards
        self._accounts = CacheAccounts(budget or build_budget(self._device, budget_bytes))
        #: Guards the accounts and everything below; notified when memory or a model may have become free. Never held while
        #: a model is loaded or released.
        self._changed = threading.Condition()
        self._load_locks: dict[str, threading.Lock] = {}
        #: The bytes that each load waits for, by model.
        self._wanted: dict[str, int] = {}
        self._sources = ModelSources(catalog, self._device)
        #: The models that are being loaded, and the seconds that the last load of each took.
        self._loading: set[str] = set()
        self._load_seconds: dict[str, float] = {}
        # Progress bars are for terminals; here they would go into the log.
        diffusers_logging.disable_progress_bar()
        transformers_logging.disable_progress_bar()

    @contextmanager
    def use(self, model_id: str, *, while_waiting: Callable[[], None] = _wait_on) -> Iterator[LoadedModel]:
        """The model, loaded if it was not, and kept until the block ends. Raises ModelUnavailable.

        If there is no memory for it, the call waits for jobs of other models to end. During the wait `while_waiting` is
        called repeatedly; an error that it raises ends the wait.
        """
        resident = self._pin_or_load(model_id, while_waiting)
        try:
            with _take_turn(resident, while_waiting):
                yield resident.model
        finally:
            with self._changed:
                resident.pins -= 1
                self._accounts.touch(resident)
                self._changed.notify_all()
        self._shrink()

    def load(self, model_id: str) -> LoadedModel:
        """The model, loaded if it was not. It may be evicted as soon as another one needs its memory: jobs `use` it."""
        with self.use(model_id) as model:
            return model

    def resident_ids(self) -> set[str]:
        """The ids of the models that are in memory and accept jobs."""
        self._shrink()
        with self._changed:
            return {model_id for model_id, resident in self._accounts.residents.items() if not resident.is_leaving}

    def loading_ids(self) -> set[str]:
        """The ids of the models that are being loaded."""
        with self._changed:
            return set(self._loading)

    def load_seconds(self) -> dict[str, float]:
        """The seconds that the last load of each model took, once there was memory for it."""
        with self._changed:
            return dict(self._load_seconds)

    def release(self, is_unwanted: Callable[[str], bool]) -> None:
        """Release the models that are not wanted and that no job uses. Called again, it releases those that are idle by then."""
        with self._changed:
            for model_id, resident in self._accounts.residents.items():
                resident.is_leaving = resident.is_leaving or is_unwanted(model_id)
        self._evict_leaving()

    def close(self) -> None:
        """Release every model that no job uses."""
        with self._changed:
            self._accounts.mark_all_leaving()
        self._evict_leaving()

    def _pin_or_load(self, model_id: str, while_waiting: Callable[[], None]) -> Resident:
        with self._changed:
            resident = self._pin(model_id)
            load_lock = self._load_locks.setdefault(model_id, threading.Lock())
        if resident is not None:
            return resident
        with _held(load_lock, while_waiting):
            # Another thread may have loaded it by now; or it is still here, but leaving.
            resident = self._pin_once_released(model_id, while_waiting)
            return self._load(model_id, while_waiting) if resident is None else resident

    def _pin(self, model_id: str) -> Resident | None:
        resident = self._accounts.residents.get(model_id)
        if resident is None or resident.is_leaving:
            return None
        resident.pins += 1
        self._accounts.touch(resident)
        return resident

    def _pin_once_released(self, model_id: str, while_waiting: Callable[[], None]) -> Resident | None:
        while True:
            with self._changed:
                resident = self._pin(model_id)
                if resident is not None or not self._accounts.holds(model_id):
                    return resident
                self._changed.wait(_LOOK_SECONDS)
            while_waiting()

    def _load(self, model_id: str, while_waiting: Callable[[], None]) -> Resident:
        plan = self._sources.plan(model_id)
        with suppress(torch.OutOfMemoryError, MemoryError):
            return self._load_once(plan, while_waiting)
        # Another process may have been quicker, or the memory too scattered: what no job uses makes room.
        _log.warning("model_loaded_again", model=model_id, reason="out of memory")
        with self._changed:
            self._accounts.mark_idle_leaving()
        self._evict_leaving()
        return self._load_once(plan, while_waiting)

    def _load_once(self, plan: LoadPlan, while_waiting: Callable[[], None]) -> Resident:
        model_id = plan.files.model_id
        shared = self._reserve(plan, while_waiting)
        started = time.perf_counter()
        with self._changed:
            self._loading.add(model_id)
        try:
            get_lora = partial(self._sources.get_lora, model_id)
            model = load_model(plan, shared, get_lora, forwards=self._forwards)
        except Exception as error:
            described = self._give_up(plan, error)
            if described is error:
                raise
            raise described from error
        finally:
            del shared
            with self._changed:
                self._loading.discard(model_id)
        seconds = time.perf_counter() - started
        with self._changed:
            self._load_seconds[model_id] = seconds
        resident = self._enter(plan, model)
        MODEL_LOADS.labels(model_id, "loaded").inc()
        MODEL_LOAD_SECONDS.labels(model_id).observe(seconds)
        _log.info("model_loaded", model=model_id, device=str(model.device), dtype=str(model.dtype))
        return resident

    def _give_up(self, plan: LoadPlan, error: Exception) -> Exception:
        described = self._sources.report(plan.files, error)
        # The frames still hold the parts that were loaded.
        release_frames(error)
        release_memory(self._device)
        with self._changed:
            self._accounts.release(plan.files.model_id)
            self._changed.notify_all()
        return described

    def _reserve(self, plan: LoadPlan, while_waiting: Callable[[], None]) -> dict[str, torch.nn.Module]:
        """Evict, or wait for other jobs to end, until the model fits. Returns the components that are already here, by
        name.
        """
        parts = {part.address: part.byte_size for part in plan.parts}
        patient_until = time.monotonic() + _PATIENCE_SECONDS
        try:
            while True:
                with self._changed:
                    missing, budget = self._accounts.missing_bytes(parts), self._accounts.budget_bytes
                    fits = self._accounts.used_bytes + missing <= budget
                    may_wait = self._accounts.may_fit_later(missing) and time.monotonic() < patient_until
                    if fits or (self._accounts.is_empty and not may_wait):
                        if not fits:
                            _log.warning("model_larger_than_the_cache", model=plan.files.model_id, bytes=missing)
                        found = self._accounts.reserve(plan.files.model_id, parts)
                        return {part.name: found[part.address] for part in plan.parts if part.address in found}
                    self._want(plan.files.model_id, missing)
                if not self._evict_one():
                    with self._changed:
                        self._changed.wait(_LOOK_SECONDS)
                    while_waiting()
        finally:
            with self._changed:
                self._want(plan.files.model_id, 0)

    def _shrink(self) -> None:
        """Release idle models that the budget no longer has memory for, because LoRAs or other processes have taken it."""
        with self._changed:
            has_surplus = self._accounts.mark_surplus()
        if has_surplus:
            # Takes up to seconds, and neither a job's end nor a claim may wait for it.
            threading.Thread(target=self._evict_leaving, name="evict-surplus", daemon=True).start()

    def _evict_leaving(self) -> None:
        while self._evict_one():
            continue

    def _want(self, model_id: str, byte_size: int) -> None:
        self._wanted[model_id] = byte_size
        self._accounts.mark_leaving(sum(self._wanted.values()))

    def _evict_one(self) -> bool:
        """Release one leaving model that no job uses. Returns False if there is none."""
        with self._changed:
            victim = self._accounts.take_idle()
        if victim is None:
            return False
        model_id = victim.model.id
        victim.model.batcher.close()
        victim.model.adapters.unload_all()
        del victim
        release_memory(self._device)
        with self._changed:
            self._accounts.release(model_id)
            MODEL_RESIDENT_BYTES.set(self._accounts.used_bytes)
            self._changed.notify_all()
        MODEL_EVICTIONS.labels(model_id).inc()
        _log.info("model_evicted", model=model_id)
        return True

    def _enter(self, plan: LoadPlan, model: LoadedModel) -> Resident:
        parts = resident_parts(plan, model)
        with self._changed:
            for part in parts:
                loaded_by_other = self._accounts.find_module(part.address)
                if loaded_by_other is not None:
                    model.replace_component(part.name, loaded_by_other)
            modules = model.modules
            resident = Resident(model, pins=1)
            self._accounts.enter(resident, {part.address: (modules[part.name], part.byte_size) for part in parts})
            MODEL_RESIDENT_BYTES.set(self._accounts.used_bytes)
            self._changed.notify_all()
        return resident


def _take_turn(resident: Resident, while_waiting: Callable[[], None]) -> AbstractContextManager[None]:
    # The hooks of an offloaded model move its components for one job while another uses them.
    return nullcontext() if resident.model.entry.offload == "none" else _held(resident.turn, while_waiting)


@contextmanager
def _held(lock: threading.Lock, while_waiting: Callable[[], None]) -> Iterator[None]:
    while not lock.acquire(timeout=_LOOK_SECONDS):
        while_waiting()
    try:
        yield
    finally:
        lock.release()
