"""Models as RunPod's serverless endpoints serve them, for the client `runpod`."""
