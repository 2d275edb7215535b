"""Every table of the service, imported in one place so that the metadata is whole."""

from __future__ import annotations

import core.accounts.tables
import core.artifacts.marks.tables
import core.artifacts.tables
import core.batches.tables
import core.jobs.queue.tables
import core.jobs.retention.tables
import core.jobs.styles.tables
import core.jobs.tables
import core.pools.tables
import core.sweeps.tables
import core.webhooks.tables  # noqa: F401
from core.database import Table

metadata = Table.metadata
