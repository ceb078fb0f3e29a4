"""Rules that users write: text → checked tree → columns → a detector behind the same contract as the others.

``grammar`` reads an expression, ``tree`` is what it reads, ``columns`` evaluates a tree on a batch, ``file`` reads the
TOML with its examples, ``detector`` makes scores, contributions and words of it. ``payments.toml`` is an example.
"""
