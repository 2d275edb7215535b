"""The one reading of DATABASE_URL: where to connect, how, and what the sessions there have set."""

from __future__ import annotations

from core.database_address.address import DatabaseAddress, parse_database_url

__all__ = ["DatabaseAddress", "parse_database_url"]
