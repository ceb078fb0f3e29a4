"""What stands behind ``weir explain``: how near a threshold was, what would have passed, plots, the evidence file.

``stream.explanation`` judges the alert's payment again; from there ``margins`` measures, ``sameness`` compares with
what was told, ``passing`` tries other amounts, times and terminals by the same code (``trial``), ``bars`` draws, and
``evidence`` writes the folder for an officer. All return data; only ``weir explain`` prints. ``evading`` and
``adversary`` ask the same of many frauds: what must an evader give up (``weir evaluate --protocol adversary``)?
"""
