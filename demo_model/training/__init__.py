"""The recipe that makes the weights: three training stages, what they share, and the export of their result."""
