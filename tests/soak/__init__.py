"""`make soak`: thousands of jobs while everything around them breaks, and the proof that none of them was lost."""
