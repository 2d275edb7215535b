"""From a caption to the states that condition the denoiser: the tokenizer, the encoder, and the reader that it is trained with."""
