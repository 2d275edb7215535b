"""Delivers webhooks: claims a due delivery, signs it, sends it and records the attempt."""
