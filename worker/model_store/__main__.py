"""`python -m worker.model_store` is `darkroom-models`."""

from __future__ import annotations

from worker.model_store.commands import main

main()
