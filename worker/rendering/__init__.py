"""Rendering: the only room that may import torch and diffusers."""

from __future__ import annotations

import os

# Read by OpenMP when torch is imported, so it stands before everything else here. By default OpenMP's threads wait for
# each other by spinning; where other processes want the cores too (a laptop with the whole stack on it), they spin away
# the time that the thread they wait for would need: a picture took 19 s instead of 0.4 s on two shared cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
