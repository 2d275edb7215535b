"""`python -m bench.retention`: prune a million finished jobs while others are submitted and claimed."""
