"""What the engine does with every pipeline class that it serves, measured with tiny pipelines: `python -m bench.families`."""
