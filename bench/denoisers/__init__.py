"""`make bench-models`: the denoisers of known models with random weights, whose throughput is that of the trained ones."""
