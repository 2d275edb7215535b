"""A picture that an autoencoder decodes has finite numbers, or its job fails: diffusers makes black pixels of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from worker.rendering.errors import NonFiniteResult


def refuse_overflows(autoencoder: Any) -> Callable[..., Any]:
    """The autoencoder's `decode`, with the same arguments and result. Raises NonFiniteResult, which says what helps, if the
    result holds NaN or infinity: most often an overflow in float16.
    """
    decode = autoencoder.decode

    def decode_finite(*positional: Any, **named: Any) -> Any:
        decoded = decode(*positional, **named)
        pixels = decoded if isinstance(decoded, torch.Tensor) else decoded[0]
        # On a GPU this waits for the decoding, as the pipeline does next.
        if not bool(torch.isfinite(pixels).all()):
            raise NonFiniteResult(_describe(autoencoder.dtype))
        return decoded

    return decode_finite


def _describe(dtype: torch.dtype) -> str:
    what = f"The picture has no finite numbers: the model's autoencoder computed NaN or infinity in {_name(dtype)}."
    if dtype == torch.float16:
        return f'{what} With dtype = "bfloat16" or "float32" for this model in models.toml it does not overflow.'
    return f"{what} Other settings, such as a lower guidance, may help."


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
