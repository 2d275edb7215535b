"""The queue beside the simplest things that could do its work, measured in one interleaved run.

`docs/benchmarks.md` tells how to run it and how to read what it writes.
"""
