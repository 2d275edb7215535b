"""`make bench-models`: the denoisers of known models with random weights, for which throughput is the same."""
