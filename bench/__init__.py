"""Measurements: programs that compare Darkroom with what else there is, and write down what came out."""
