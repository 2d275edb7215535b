"""The queue beside the simplest systems that could do its work, measured in one interleaved run.

`docs/benchmarks.md` explains how to run it and how to read its report.
"""
