"""The parts of the check: each runs in a process of its own and reports findings."""
