"""The render engine beside the other ways to serve a diffusers pipeline, measured in one interleaved run.

`docs/benchmarks.md` explains how to run it and how to read its report.
"""
