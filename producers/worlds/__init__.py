"""Worlds like the Handbook's, each with patterns of fraud of its own, and a filter that knows them.

``drawing`` draws a world's patterns from a seed, ``payments`` lives in it, ``ceiling`` is how well its frauds could be
told by somebody who was told everything but who is compromised. `weir evaluate --protocol worlds` holds models to it.
"""
