"""Fetches pictures that jobs name by address: claims a fetch, downloads, has them decoded, and stores them."""
