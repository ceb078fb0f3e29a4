"""The stream: bytes in from Kafka, scores and explained alerts out.

``cli`` → ``commands`` → ``run`` | ``worker`` | ``replay`` → ``agents`` (Faust and Kafka) → ``core`` (pure folds over
columns) → ``wire`` (events, topics, bytes to columns) → ``settings`` → ``errors``. Imports point down that line only.
"""
