"""Measures of market risk: pure, compiled, one idea a file; the stream calls the same functions that the tests check.

A loss is a positive ratio of value: 0.03 means 3 % lost. A return is a signed simple ratio: -0.03. What cannot be said
for want of data is nan, never a guess.
"""
