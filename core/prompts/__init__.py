"""What a prompt says: the things that it names, how its tokens are read, what contradicts itself, and advice.

No torch and no tables: the API and the rendering workers both use it.
"""
