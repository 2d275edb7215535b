"""Outputs as people look for them: newest first, by what is on them and how they are marked."""
