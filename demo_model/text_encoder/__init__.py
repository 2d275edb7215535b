"""Turns captions into the states that guide the denoiser: the tokenizer, the encoder, and the reader that trains it."""
