"""One job alone draws the bits of the bare pipeline; mixed jobs draw the same within rounding."""

from __future__ import annotations

import torch

from bench.gpu_check.device import device_of
from bench.gpu_check.drawing import are_equal, decibels, draw_alone, draw_bare, draw_together, largest_difference
from bench.gpu_check.findings import Finding, Report, judge
from bench.gpu_check.models import KINDS, Kind, build_pipeline, load_engine
from bench.gpu_check.setting import Setting

#: The largest difference of the latents in float32, as a part of their range, and the smallest ratio of half floats.
_BOUND = 1e-4
_BOUND_DECIBELS = 40.0


def check_parity(setting: Setting, report: Report) -> None:
    """Tiny models of each architecture, on the device."""
    # Rounding to ten bits would hide what is looked for.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    for kind in KINDS.values():
        for dtype in (torch.float32, torch.bfloat16) if setting.is_cuda else (torch.float32,):
            _check(kind, dtype, setting, report)


def _check(kind: Kind, dtype: torch.dtype, setting: Setting, report: Report) -> None:
    pipeline = build_pipeline(kind, device_of(setting), dtype, is_tiny=True)
    changes = [{"num_inference_steps": steps, "prompt": prompt} for steps, prompt in _MIX]
    requests = [kind.request(is_tiny=True, **change) for change in changes]
    bare = draw_bare(pipeline, requests[0])
    model = load_engine(pipeline, kind, device_of(setting), dtype)
    try:
        alone = [draw_alone(model, request, place + 1) for place, request in enumerate(requests)]
        mixed = draw_together(model, requests, must_meet=True)
    finally:
        model.batcher.close()

    name = f"{kind.name}, {str(dtype).removeprefix('torch.')}"
    is_equal = are_equal(alone[0], bare)
    measured = "equal bit for bit" if is_equal else f"differs by {largest_difference(alone[0], bare):.1e} of the range"
    report(Finding(f"{name}: alone beside bare", measured, judge(is_equal)))

    apart = max(largest_difference(one, other) for one, other in zip(mixed, alone, strict=True))
    ratio = min(decibels(one, other) for one, other in zip(mixed, alone, strict=True))
    rows = max(max(one.batch_rows) for one in mixed)
    is_shared = rows > max(alone[0].batch_rows)
    is_close = apart <= _BOUND if dtype is torch.float32 else ratio >= _BOUND_DECIBELS
    measured = f"{apart:.1e} of the range, {ratio:.0f} dB, up to {rows} rows in a forward"
    figures = {"largest_difference": apart, "rows_max": float(rows)}
    report(Finding(f"{name}: mixed beside alone", measured, judge(is_close and is_shared), figures))


#: Steps and prompts of the jobs that are mixed.
_MIX = ((4, "a red mug"), (5, "a red mug"), (6, "a blue bow"), (4, "a blue bow"))
