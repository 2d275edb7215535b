"""The blueprint of the file operations, and what several of them share."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, Field

from api.v1 import build_blueprint
from core.errors import FileNotFound
from core.ids import parse_id

files_blueprint = build_blueprint("files", "files", "Send a picture once, and name it in as many jobs as you like.")


class FilePath(BaseModel):
    """The id in the address."""

    file_id: str = Field(examples=["file_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])

    def parse(self) -> UUID:
        """The file's id. Raises FileNotFound for a text that cannot be one, as for a file that does not exist."""
        file_id = parse_id("file", self.file_id)
        if file_id is None:
            raise FileNotFound
        return file_id
