"""The parts of the run, one file each; every one adds its cells to the results."""
