"""What the model learns from: random scenes, drawn and put into words, and the split that is held out from training."""
