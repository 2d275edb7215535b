"""Thousands of mixed jobs over more models than there is room for, through the real queue and the real engine.

Run once as Darkroom claims (preferring what is in memory) and once first-come-first-served, it tells how many model loads
the preference saves, how long jobs wait for it, and whether memory stays flat.
"""
