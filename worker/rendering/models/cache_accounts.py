"""The accounts of the model cache: what is in memory, its size, and which models leave when another one needs their memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from worker.rendering.models.budget import Budget
from worker.rendering.models.loaded_model import LoadedModel


@dataclass
class Component:
    """A module in memory, or the memory reserved for one that is being loaded."""

    byte_size: int
    #: The models that have it, or are being loaded with it.
    users: set[str]
    #: None while it is being loaded.
    module: torch.nn.Module | None = None


@dataclass
class Resident:
    """A loaded model and its use."""

    model: LoadedModel
    pins: int = 0
    #: The number of its latest use, counted over all models: the smallest was used longest ago.
    used_at: int = 0
    #: Accepts no new jobs, and is evicted once its last job ends, because another model needs its memory.
    is_leaving: bool = False
    #: Held by one job at a time, if several would disturb each other.
    turn: threading.Lock = field(default_factory=threading.Lock)


class CacheAccounts:
    """A model's memory is reserved, entered when it is loaded, and released. Not safe to use from several threads: the cache
    holds its lock around every call.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.residents: dict[str, Resident] = {}
        self._components: dict[str, Component] = {}
        #: Models that are no longer residents, and whose memory is not released yet.
        self._leaving: set[str] = set()
        self._uses = 0

    @property
    def used_bytes(self) -> int:
        """Bytes that are loaded, being loaded, or not yet released, LoRAs included; what models share counts once."""
        return sum(component.byte_size for component in self._components.values()) + self._lora_bytes

    @property
    def budget_bytes(self) -> int:
        """The bytes that models may take now: other processes use the device, too."""
        return self._budget.read_bytes(self._loaded_bytes)

    @property
    def is_empty(self) -> bool:
        return not self._components

    def may_fit_later(self, byte_size: int) -> bool:
        """Whether so much more could be loaded if no other process used the device."""
        return self._budget.can_grow_to(self.used_bytes + byte_size, self._loaded_bytes)

    def missing_bytes(self, parts: Mapping[str, int]) -> int:
        """The bytes of those components (address to bytes) that are not here yet."""
        return sum(byte_size for address, byte_size in parts.items() if address not in self._components)

    def reserve(self, model_id: str, parts: Mapping[str, int]) -> dict[str, torch.nn.Module]:
        """Reserve memory for a model's components until it is entered or released. Returns those that are already here."""
        for address, byte_size in parts.items():
            self._components.setdefault(address, Component(byte_size, set())).users.add(model_id)
        modules = {address: self._components[address].module for address in parts}
        return {address: module for address, module in modules.items() if module is not None}

    def enter(self, resident: Resident, modules: Mapping[str, tuple[torch.nn.Module, int]]) -> None:
        """A model with reserved memory is loaded. `modules`: its components by address, with their real sizes in bytes."""
        model_id = resident.model.id
        for address, (module, byte_size) in modules.items():
            component = self._components.setdefault(address, Component(byte_size, set()))
            component.users.add(model_id)
            if component.module is None:
                component.module, component.byte_size = module, byte_size
        for address in [key for key, item in self._components.items() if model_id in item.users]:
            if address not in modules:
                self._drop_user(address, model_id)
        self.residents[model_id] = resident
        self.touch(resident)

    def find_module(self, address: str) -> torch.nn.Module | None:
        component = self._components.get(address)
        return None if component is None else component.module

    def take_idle(self) -> Resident | None:
        """Take a leaving model that no job uses out of the residents; None if there is none. Its memory counts until it is
        released.
        """
        for model_id, resident in self.residents.items():
            if resident.is_leaving and resident.pins == 0:
                self._leaving.add(model_id)
                for component in self._components.values():
                    if component.users <= self._leaving:
                        component.module = None
                return self.residents.pop(model_id)
        return None

    def release(self, model_id: str) -> None:
        """The model's memory is free again, or was never used."""
        self._leaving.discard(model_id)
        for address in [key for key, item in self._components.items() if model_id in item.users]:
            self._drop_user(address, model_id)

    def holds(self, model_id: str) -> bool:
        """Whether the model is here, or not yet released."""
        return model_id in self.residents or model_id in self._leaving

    def mark_all_leaving(self) -> None:
        """Mark every model as leaving."""
        for resident in self.residents.values():
            resident.is_leaving = True

    def touch(self, resident: Resident) -> None:
        """Note that the model is used now."""
        self._uses += 1
        resident.used_at = self._uses

    def mark_leaving(self, wanted_bytes: int) -> None:
        """Mark as leaving the models that must go for `wanted_bytes` to fit, and no others: idle ones first, then those that
        were used longest ago.
        """
        budget, leaving = self.budget_bytes, set(self._leaving)
        order = sorted(self.residents.items(), key=lambda item: (item[1].pins > 0, item[1].used_at))
        for model_id, resident in order:
            fits = self._kept_bytes(leaving) + wanted_bytes <= budget
            resident.is_leaving = wanted_bytes > 0 and not fits
            if resident.is_leaving:
                leaving.add(model_id)

    def mark_surplus(self) -> bool:
        """Mark as leaving the idle models that the budget no longer has memory for, those used longest ago first; the model
        that was used last stays, however large it is. Returns whether there are any.
        """
        if len(self.residents) <= 1:
            return False
        budget, leaving = self.budget_bytes, set(self._leaving)
        order = sorted(self.residents.items(), key=lambda item: item[1].used_at)
        for model_id, resident in order[:-1]:
            if self._kept_bytes(leaving) <= budget:
                break
            if resident.pins == 0:
                resident.is_leaving = True
                leaving.add(model_id)
        return len(leaving) > len(self._leaving)

    def mark_idle_leaving(self) -> None:
        """Mark every model that no job uses as leaving."""
        for resident in self.residents.values():
            resident.is_leaving = resident.is_leaving or resident.pins == 0

    @property
    def _loaded_bytes(self) -> int:
        loaded = sum(item.byte_size for item in self._components.values() if item.module is not None)
        return loaded + self._lora_bytes

    @property
    def _lora_bytes(self) -> int:
        return sum(resident.model.adapters.resident_bytes for resident in self.residents.values())

    def _kept_bytes(self, leaving: set[str]) -> int:
        """The bytes that are in use when these models have left."""
        kept = sum(item.byte_size for item in self._components.values() if not item.users <= leaving)
        staying = (resident for model_id, resident in self.residents.items() if model_id not in leaving)
        return kept + sum(resident.model.adapters.resident_bytes for resident in staying)

    def _drop_user(self, address: str, model_id: str) -> None:
        component = self._components[address]
        component.users.discard(model_id)
        if not component.users:
            del self._components[address]
