"""Make a batch of a file of requests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from core.batches.batch_files import get_batch_file
from core.batches.lines import check_lines
from core.batches.tables import Batch
from core.database import transaction
from core.errors import InvalidRequest

#: A client that lost the answer to its request sends it again within this time.
_REPEATED_WITHIN = timedelta(minutes=15)


def create_batch(
    *, account_id: UUID, file_id: UUID, endpoint: str, metadata: dict[str, Any], is_repeated: bool
) -> UUID:
    """The id of the batch; or with `is_repeated` that of the one that an earlier try of the same request made a moment ago. A
    file that cannot be worked on makes a batch without lines, which says why. Raises FileNotFound.
    """
    with transaction() as session:
        text = get_batch_file(session, account_id=account_id, file_id=file_id).body
        if is_repeated:
            earlier = select(Batch).where(
                Batch.account_id == account_id,
                Batch.file_id == file_id,
                Batch.endpoint == endpoint,
                Batch.created_at > func.now() - _REPEATED_WITHIN,
            )
            first = session.scalars(earlier.order_by(Batch.id.desc()).limit(1)).one_or_none()
            if first is not None:
                return first.id
        lines, refused = 0, []
        try:
            lines = check_lines(text, endpoint)
        except InvalidRequest as error:
            refused = [{"code": each.code, "message": f"{each.field}: {each.message}"} for each in error.errors]
        batch = Batch(
            account_id=account_id,
            file_id=file_id,
            endpoint=endpoint,
            metadata_=metadata,
            lines=lines,
            refused=refused,
        )
        session.add(batch)
        session.flush()
        return batch.id
