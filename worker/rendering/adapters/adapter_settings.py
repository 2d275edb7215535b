"""What stands beside an adapter's tensors: the alphas of its layers, in the file's header or in peft's `adapter_config.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peft.utils.other import get_pattern_key

#: diffusers writes the settings of each component there, as JSON.
_HEADER_KEY = "lora_adapter_metadata"

#: Initialisations of peft that take what they begin with out of the model's own weights.
_CHANGES_THE_MODEL = ("pissa", "corda", "olora", "loftq")


@dataclass(frozen=True)
class AdapterSettings:
    """The settings of one component's adapter."""

    values: Mapping[str, Any]

    @property
    def changes_the_model(self) -> str | None:
        """The initialisation, if the adapter goes with other weights than the model's own."""
        start = self.values.get("init_lora_weights")
        return start if isinstance(start, str) and start.startswith(_CHANGES_THE_MODEL) else None

    def find_alpha(self, path: str, rank: int) -> float | None:
        """The alpha with which the layer of that name and rank works as the settings say; None if they say nothing."""
        alpha = self._find("alpha_pattern", path, self.values.get("lora_alpha", self.values.get("alpha")))
        if alpha is None:
            return None
        # Two whole factors of a LoKr have no rank of their own.
        wanted = self._find("rank_pattern", path, self.values.get("r", rank))
        if self.values.get("use_rslora"):
            return float(alpha) * rank / math.sqrt(wanted)
        return float(alpha) if wanted == rank else float(alpha) * rank / wanted

    def _find(self, patterns: str, path: str, usual: Any) -> Any:
        own = self.values.get(patterns) or {}
        return own.get(get_pattern_key(list(own), path), usual)


def read_settings(header: Mapping[str, str], beside: Mapping[str, Any], component: str) -> AdapterSettings:
    """The component's settings, from the metadata of the file's header, or else from the `adapter_config.json` beside the file.

    Raises ValueError if the header's are no JSON.
    """
    described = json.loads(header.get(_HEADER_KEY, "{}"))
    start = f"{component}."
    own = {name.removeprefix(start): value for name, value in described.items() if name.startswith(start)}
    return AdapterSettings(own or beside)
