"""The order of work: priorities, fair positions, limits of accounts, and which jobs can be claimed."""
