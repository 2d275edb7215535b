"""Pools: which rendering workers are there and what they have measured, and which work an operator has paused."""
