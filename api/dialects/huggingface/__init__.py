"""Models as Hugging Face's Inference Endpoints serve them, for `huggingface_hub`'s `InferenceClient` and its kin."""
