"""The tokenizers of models as processes without torch have them: stored by a worker, read by the API."""
