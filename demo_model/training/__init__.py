"""Makes the weights: the recipe, its three stages, the optimiser and checkpoints that they share, and the export."""
