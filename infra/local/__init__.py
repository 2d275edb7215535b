"""The embedded stack: PostgreSQL, Valkey, an S3 server and Darkroom itself on this machine, from wheels alone."""

from __future__ import annotations

from infra.local.data_folder import DataFolderInUse
from infra.local.part import Part, PartFailed, PartState
from infra.local.stack import LocalStack

__all__ = ["DataFolderInUse", "LocalStack", "Part", "PartFailed", "PartState"]
