"""`python -m tests.client.how_to_pictures`: run the programs of docs/how-to, and keep what they draw beside the pages."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from darkroom.connection import Connection
from PIL import Image

from infra.local import LocalStack
from tests.acceptance.customer import open_account
from tests.client.how_tos import HOW_TOS, run_how_to

#: By page and by the name of the picture: the files that its program saves, which stand beside each other there.
_PICTURES: dict[str, dict[str, Sequence[str]]] = {
    "product-images": {
        "looks": ["looks.png"],
        "catalogue": [f"shop/SHOP-{number}.webp" for number in range(1001, 1005)],
        "lamp": ["lamp.webp", "lamp-2.webp", "lamp-3.webp", "lamp-4.webp"],
    },
    "artwork-variations": {"idea": ["idea.png"], "nearer": ["nearer.png"]},
    "building-from-a-sketch": {
        "ways": ["ways.png"],
        "house": ["sketch.png", "house.png", "with-tree.png", "wide.png"],
    },
}
_GAP = 8


def main() -> None:
    """Start the service, run each page for an account of its own, and write the pictures."""
    with LocalStack() as stack:
        for page, pictures in _PICTURES.items():
            with open_account(stack, page) as customer, tempfile.TemporaryDirectory() as folder:
                run_how_to(page, Connection(stack.url, customer.api_key), Path(folder))
                for name, files in pictures.items():
                    picture = _put_side_by_side([Image.open(Path(folder) / file).convert("RGB") for file in files])
                    picture.save(HOW_TOS / "pictures" / f"{name}.webp", quality=90, method=6)


def _put_side_by_side(pictures: Sequence[Image.Image]) -> Image.Image:
    """All of one height, with a gap between them."""
    width = sum(picture.width for picture in pictures) + _GAP * (len(pictures) - 1)
    row = Image.new("RGB", (width, max(picture.height for picture in pictures)), "white")
    left = 0
    for picture in pictures:
        row.paste(picture, (left, 0))
        left += picture.width + _GAP
    return row


if __name__ == "__main__":
    main()
