"""Judging what is learnt, by protocols: the Handbook's four folds, real payments of ULB, worlds that nobody told it.

``protocol`` lays the folds, ``fold_training`` makes the models of one; ``baselines`` and ``comparators`` are what they
are measured against, on ``handbook_features`` where those were published. ``benchmark``, ``ulb`` and ``worlds`` give
the figures of `weir evaluate`, ``evaluation_card`` tells them.
"""
