"""Pictures on their way in and out: input images, encoding, upload."""
