"""Measurements: programs that compare Darkroom with other systems and write down the figures."""
