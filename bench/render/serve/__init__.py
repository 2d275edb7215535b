"""The measured systems, each a program of its own, with its own OpenMP and CPU time."""
