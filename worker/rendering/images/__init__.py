"""A job's pictures: loading its input images, encoding and uploading its outputs."""
