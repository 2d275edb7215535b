"""`darkroom-admin doctor`: what of the settings, the servers, the models and the workers would make trouble."""

from __future__ import annotations

from admin.doctor.examine import examine
from admin.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine"]
