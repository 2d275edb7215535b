"""What is in memory, what it weighs, and which models have to leave when another one needs the room."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from worker.rendering.models.loaded_model import LoadedModel


@dataclass
class Component:
    """A module in memory, or the room that one under way will need."""

    byte_size: int
    #: The models that have it, or are being loaded with it.
    users: set[str]
    #: None while it is being loaded.
    module: torch.nn.Module | None = None


@dataclass
class Resident:
    """A loaded model with what the cache knows of its use."""

    model: LoadedModel
    pins: int = 0
    #: Counts uses of all models; the smallest was used longest ago.
    used_at: int = 0
    #: Takes no new jobs: it goes once its last one ends, for another model needs the room.
    is_leaving: bool = False
    #: One job at a time, where several would disturb each other.
    turn: threading.Lock = field(default_factory=threading.Lock)


class CacheAccounts:
    """The books of the cache. Not safe to ask from several threads: the cache holds its lock around every call."""

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.residents: dict[str, Resident] = {}
        self._components: dict[str, Component] = {}
        #: Taken from the shelf, and their memory not given back yet.
        self._leaving: set[str] = set()
        self._uses = 0

    @property
    def used_bytes(self) -> int:
        """Loaded, being loaded, and not yet given back; what models share counts once."""
        return sum(component.byte_size for component in self._components.values())

    @property
    def is_empty(self) -> bool:
        return not self._components

    def missing_bytes(self, parts: Mapping[str, int]) -> int:
        """Of these components (address to bytes), what is not here yet."""
        return sum(byte_size for address, byte_size in parts.items() if address not in self._components)

    def reserve(self, model_id: str, parts: Mapping[str, int]) -> dict[str, torch.nn.Module]:
        """Keep room for a model's components until it is shelved or cleared. Answers with those that are here."""
        for address, byte_size in parts.items():
            self._components.setdefault(address, Component(byte_size, set())).users.add(model_id)
        modules = {address: self._components[address].module for address in parts}
        return {address: module for address, module in modules.items() if module is not None}

    def enter(self, resident: Resident, modules: Mapping[str, tuple[torch.nn.Module, int]]) -> None:
        """A model that has room reserved is loaded. `modules`: its components by address, with their true weight."""
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
        """A model that has to leave and that nobody uses, taken from the shelf. Its room counts until it is cleared."""
        for model_id, resident in self.residents.items():
            if resident.is_leaving and resident.pins == 0:
                self._leaving.add(model_id)
                for component in self._components.values():
                    if component.users <= self._leaving:
                        component.module = None
                return self.residents.pop(model_id)
        return None

    def release(self, model_id: str) -> None:
        """The model's memory is given back, or was never taken."""
        self._leaving.discard(model_id)
        for address in [key for key, item in self._components.items() if model_id in item.users]:
            self._drop_user(address, model_id)

    def holds(self, model_id: str) -> bool:
        """Whether the model is here, or not yet given back."""
        return model_id in self.residents or model_id in self._leaving

    def mark_all_leaving(self) -> None:
        """Every model has to leave."""
        for resident in self.residents.values():
            resident.is_leaving = True

    def touch(self, resident: Resident) -> None:
        """The model is used now."""
        self._uses += 1
        resident.used_at = self._uses

    def mark_leaving(self, wanted_bytes: int) -> None:
        """Mark the models that have to go for so many bytes to fit, and no others: idle ones first, then those that
        were not used for longest.
        """
        leaving = set(self._leaving)
        order = sorted(self.residents.items(), key=lambda item: (item[1].pins > 0, item[1].used_at))
        for model_id, resident in order:
            fits = self.used_bytes - self._freed_by(leaving) + wanted_bytes <= self.budget_bytes
            resident.is_leaving = wanted_bytes > 0 and not fits
            if resident.is_leaving:
                leaving.add(model_id)

    def _freed_by(self, leaving: set[str]) -> int:
        return sum(item.byte_size for item in self._components.values() if item.users <= leaving)

    def _drop_user(self, address: str, model_id: str) -> None:
        component = self._components[address]
        component.users.discard(model_id)
        if not component.users:
            del self._components[address]
