"""Thousands of mixed jobs over more models than fit into memory, through the real queue and the real engine.

It runs once as Darkroom claims (preferring models in memory) and once first-come-first-served, to show how many model loads
the preference saves, how long jobs wait for it, and whether memory stays flat.
"""
