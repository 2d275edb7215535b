"""The ends of sweeps: their contact sheets are drawn, stored, and recorded with the end."""
