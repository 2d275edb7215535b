"""Pictures as strangers send them: made in every kind, and compared with what an independent decoder sees."""
