"""The parts of the check in their order, each with its share of the time."""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds of the whole check; what is not done by then is not run, and said so.
LIMIT_SECONDS = 480.0


@dataclass(frozen=True)
class Part:
    """One part of the check."""

    name: str
    title: str
    #: `module:function`, imported in the part's own process and called there with the setting and the report.
    run: str
    #: Seconds after which it is ended. It should take less.
    limit_seconds: float


_PARTS = "bench.gpu_check.parts"

PARTS: tuple[Part, ...] = (
    Part("parity", "The pictures are those of the bare pipelines", f"{_PARTS}.parity:check_parity", 60),
    Part("short-memory", "A forward that finds no memory is split", f"{_PARTS}.short_memory:check_short_memory", 40),
    Part("offload", "Offloaded models draw the same, three jobs in a row", f"{_PARTS}.offload:check_offload", 50),
    Part("two-workers", "Two workers share a card", f"{_PARTS}.two_workers:check_two_workers", 60),
    Part("sd15", "Stable Diffusion 1.5", f"{_PARTS}.throughput:measure_sd15", 60),
    Part("sdxl", "Stable Diffusion XL", f"{_PARTS}.throughput:measure_sdxl", 80),
    Part("z-image", "Z-Image", f"{_PARTS}.throughput:measure_z_image", 90),
    Part("flux", "FLUX.1", f"{_PARTS}.throughput:measure_flux", 110),
    Part("compiled", "Compiled models draw the same, with any number of rows", f"{_PARTS}.compiled:check_compiled", 80),
)
