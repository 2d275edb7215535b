"""NVIDIA's AIPerf, which nobody here wrote, drives the dialect of OpenAI."""
