"""The life of the worker process: capacity, shutdown, liveness, emergency exit."""
