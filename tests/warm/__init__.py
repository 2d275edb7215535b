"""Darkroom's processes, started at once: forked from a process that has imported everything that they import."""
