"""The pictures and their captions: scenes by lot, drawn and put into words, and the split held out from training."""
