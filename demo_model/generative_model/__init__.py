"""From text states to pictures: the denoiser, the autoencoder, and the stock pipeline of all parts."""
