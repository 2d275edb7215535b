"""The systems under measurement, each a program of its own, so that each has its own OpenMP and its own CPU time."""
