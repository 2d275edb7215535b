"""Torch computes with one thread, unless a test divides the cores."""

from __future__ import annotations

import torch

# The models are tiny: several threads would wait for each other longer than they compute.
torch.set_num_threads(1)
