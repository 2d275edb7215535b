"""Turns text states into pictures: the denoiser, the autoencoder, and the stock pipeline that joins all parts."""
