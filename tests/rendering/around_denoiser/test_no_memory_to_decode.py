"""Without memory to code a picture whole, it is coded in tiles, and the job says so."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.rendering.around_denoiser.conftest import Load, Loaded
from worker.rendering.modules.decode_in_turn import serialise_decoding
from worker.rendering.modules.tiles import Tiles, list_smaller_sides, noting_tiles

pytestmark = pytest.mark.usefixtures("no_garbage_collection", "small_tiles")

#: One family for each kind of autoencoder that can tile.
FAMILIES = ("sd15", "sdxl", "sana", "qwen-image", "flux2-klein")

#: Latents along the side of a picture: enough for two halvings.
LATENTS = 16


class Memory:
    """In place of a device's memory: a module's forward finds enough for inputs up to a length of their longer side."""

    def __init__(self, module: torch.nn.Module, most: float, error: Callable[[], Exception]) -> None:
        self._forward = module.forward
        self._most = most
        self._error = error
        self._made: list[weakref.ref[Tensor]] = []
        #: The longer side of each input, and the bytes that failed forwards still held then.
        self.starts: list[tuple[int, int]] = []
        module.forward = self._run

    def _run(self, sample: Tensor, *positional: Any, **named: Any) -> Any:
        alive = [made() for made in self._made]
        self.starts.append((max(sample.shape[-2:]), sum(tensor.nbytes for tensor in alive if tensor is not None)))
        activation = sample.repeat_interleave(2, dim=1)
        if max(sample.shape[-2:]) > self._most:
            self._made.append(weakref.ref(activation))
            raise self._error()
        return self._forward(sample, *positional, **named)

    @property
    def longest(self) -> int:
        """The longest side that did fit."""
        return max(side for side, _ in self.starts if side <= self._most)


def no_memory() -> Exception:
    return torch.OutOfMemoryError("CUDA out of memory")


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    """What is released is released without it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles may be as small as the pictures of these tests make them."""
    monkeypatch.setattr("worker.rendering.modules.tiles._SMALLEST_SIDE", 1)


def side_of(loaded: Loaded) -> int:
    """The picture's side in pixels."""
    return LATENTS * int(loaded.pipeline.vae_scale_factor)


def take_turns(loaded: Loaded, *, tile_above_pixels: int | None = None) -> Any:
    """An autoencoder of the test's own, that works in turn."""
    pipeline = loaded.take_copy()
    pipeline.vae = copy.deepcopy(loaded.pipeline.vae)
    serialise_decoding(pipeline, tile_above_pixels=tile_above_pixels)
    return pipeline.vae


def make_latents(loaded: Loaded, rows: int = 1, side: int = LATENTS) -> Tensor:
    config = loaded.pipeline.vae.config
    channels = getattr(config, "latent_channels", None) or config.z_dim
    frames = (1,) if hasattr(config, "z_dim") else ()
    return torch.randn(rows, channels, *frames, side, side, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("halvings", [1, 2])
def test_a_picture_is_decoded_in_tiles(load: Load, family: str, halvings: int) -> None:
    """Tiles of half the side, and if those do not fit either, of a quarter: each try starts without a byte of the one
    before. The picture has its size, its tiles fit into each other, and the autoencoder is as it was.
    """
    loaded = load(family)
    autoencoder, latents = take_turns(loaded), make_latents(loaded)
    before = {name: value for name, value in vars(autoencoder).items() if "tile" in name or "tiling" in name}
    memory = Memory(autoencoder.decoder, LATENTS / 2**halvings, no_memory)

    with torch.inference_mode(), noting_tiles() as tiles:
        picture = autoencoder.decode(latents, return_dict=False)[0]
        autoencoder.decode(latents[..., :4, :4], return_dict=False)

    assert picture.shape[-2:] == (side_of(loaded), side_of(loaded))
    assert bool(torch.isfinite(picture).all())
    assert memory.longest == LATENTS // 2**halvings
    assert {alive for _, alive in memory.starts} == {0}
    assert tiles == Tiles(decoded=side_of(loaded) // 2**halvings)
    assert before == {name: value for name, value in vars(autoencoder).items() if "tile" in name or "tiling" in name}


def test_the_picture_is_nearly_the_same(load: Load) -> None:
    """Only around seams, and where the whole picture sets the tone, do pixels differ."""
    loaded = load("sd15")
    autoencoder, latents = take_turns(loaded), make_latents(loaded)
    with torch.inference_mode():
        whole = autoencoder.decode(latents, return_dict=False)[0]
        Memory(autoencoder.decoder, LATENTS / 2, no_memory)
        tiled = autoencoder.decode(latents, return_dict=False)[0]

    spread = float(whole.max() - whole.min())
    assert float((tiled - whole).abs().mean()) < 0.05 * spread


@pytest.mark.parametrize("family", FAMILIES)
def test_a_picture_is_encoded_in_tiles(load: Load, family: str) -> None:
    """A picture that the job starts from is encoded in tiles, too: the same number of latents."""
    loaded = load(family)
    autoencoder, latents = take_turns(loaded), make_latents(loaded)
    frames, side = (1,) if latents.ndim == 5 else (), side_of(loaded)
    memory = Memory(autoencoder.encoder, side / 2, no_memory)

    with torch.inference_mode(), noting_tiles() as tiles:
        encoded = autoencoder.encode(torch.zeros(2, 3, *frames, side, side))

    found = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latent
    assert found.shape == (2, *latents.shape[1:])
    assert memory.longest == side // 2
    assert {alive for _, alive in memory.starts} == {0}
    assert tiles == Tiles(encoded=side // 2)


def test_each_of_several_pictures_is_decoded(load: Load) -> None:
    """Of three pictures of a job each is tried whole first, since the memory may be there again."""
    loaded = load("sdxl")
    autoencoder, latents = take_turns(loaded), make_latents(loaded, rows=3)
    memory = Memory(autoencoder.decoder, LATENTS / 2, no_memory)

    with torch.inference_mode():
        pictures = autoencoder.decode(latents, return_dict=False)[0]

    assert pictures.shape == (3, 3, side_of(loaded), side_of(loaded))
    assert [side for side, _ in memory.starts].count(LATENTS) == 3


def test_tiles_that_do_not_fit_get_smaller(load: Load) -> None:
    """A model that is set to tile above a size has tiles of its own; without memory for them, smaller ones follow."""
    loaded = load("sd15")
    autoencoder, latents = take_turns(loaded, tile_above_pixels=1), make_latents(loaded)
    autoencoder.tile_sample_min_size, autoencoder.tile_latent_min_size = side_of(loaded) * 3 // 4, LATENTS * 3 // 4
    memory = Memory(autoencoder.decoder, LATENTS / 2, no_memory)

    with torch.inference_mode(), noting_tiles() as tiles:
        autoencoder.decode(latents, return_dict=False)

    assert memory.starts[0][0] == LATENTS * 3 // 4
    assert tiles == Tiles(decoded=side_of(loaded) // 2)


@pytest.mark.parametrize(("family", "side"), [("sd15", LATENTS), ("sd15", 4), ("untiled", LATENTS)])
def test_what_does_not_fit_at_all_is_out_of_memory(load: Load, family: str, side: int) -> None:
    """Without memory for the smallest tiles (or for a picture that is no larger, or an autoencoder that cannot tile) the
    job has the memory error, which holds no byte, and the next one can decode.
    """
    loaded = load(family)
    autoencoder = take_turns(loaded)
    latents = make_latents(loaded, side=side)
    memory = Memory(autoencoder.decoder, 1, no_memory)

    with torch.inference_mode(), noting_tiles() as tiles, pytest.raises(torch.OutOfMemoryError):
        autoencoder.decode(latents, return_dict=False)

    assert {alive for _, alive in memory.starts} == {0}
    assert tiles == Tiles()
    memory._most = LATENTS
    with torch.inference_mode():
        assert autoencoder.decode(latents, return_dict=False)[0].shape[-1] == side * loaded.pipeline.vae_scale_factor
    assert memory.starts[-1][1] == 0


@pytest.mark.parametrize("error", [ValueError("no"), torch.AcceleratorError("CUDA error: unknown error", 999)])
def test_other_errors_are_not_tried_again(load: Load, error: Exception) -> None:
    """Tiles help against a lack of memory and nothing else."""
    loaded = load("sd15")
    autoencoder, latents = take_turns(loaded), make_latents(loaded)
    memory = Memory(autoencoder.decoder, 1, lambda: error)

    with torch.inference_mode(), pytest.raises(type(error)):
        autoencoder.decode(latents, return_dict=False)

    assert len(memory.starts) == 1


@pytest.mark.parametrize(
    ("side", "scale", "sides"),
    [
        (1024, 8, [512, 256]),
        (2048, 8, [1024, 512, 256]),
        (1536, 8, [768, 384]),
        (1000, 8, [512, 256]),
        (512, 8, [256]),
        (511, 8, [256]),
        (256, 8, []),
        (64, 8, []),
        (1024, 32, [512, 256]),
        (4096, 16, [2048, 1024, 512, 256]),
    ],
)
def test_tiles_are_halved_down_to_a_size(
    monkeypatch: pytest.MonkeyPatch, side: int, scale: int, sides: list[int]
) -> None:
    """Each about half of the one before and whole latents with a whole quarter; none below 256 pixels."""
    monkeypatch.undo()
    assert list_smaller_sides(side, scale) == sides


def test_a_job_says_what_was_tiled() -> None:
    """A sentence for each thing that was done in tiles, and none otherwise."""
    assert Tiles().warn() == []
    [decoded] = Tiles(decoded=512).warn()
    assert "decode" in decoded
    assert "512 pixels" in decoded
    assert len(Tiles(decoded=512, encoded=256).warn()) == 2
