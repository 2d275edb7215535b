"""The parts of the run, one file each; each adds its cells to the results."""
