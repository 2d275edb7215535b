"""How a CPU's cores are divided among what is computed at the same time."""
