"""The things that a picture can show, as paper cut-outs with parts of a deeper and of a paler tone."""
