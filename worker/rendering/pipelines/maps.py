"""The pictures of maps: what a pipeline that measures a picture returns in place of pictures."""

from __future__ import annotations

from typing import Any, Literal

from PIL.Image import Image


def draw_map(pipeline: Any, kind: Literal["depth", "normals"], prediction: Any) -> list[Image]:
    """One picture for each map, drawn by the pipeline's own processor. `prediction`: float array [maps, height, width, channels].

    Depth, from 0 (near) to 1 (far), is from white to black, as ControlNets for depth read it. Normals, three numbers from -1 to 1
    for the direction in which a surface faces, are red, green and blue.
    """
    processor = pipeline.image_processor
    drawn: list[Image] = (
        processor.visualize_depth(prediction, color_map="binary")
        if kind == "depth"
        else processor.visualize_normals(prediction)
    )
    return drawn
