"""The render engine beside the other ways to serve a diffusers pipeline, measured in one interleaved run.

`docs/benchmarks.md` tells how to run it and how to read what it writes.
"""
