"""The core: folds ``(state, batch) → (state, columns)`` without clock, network, Kafka or chance.

A payment walks ``customers`` (features where its customer lives) → ``shuffle`` → ``merge`` (event-time order) →
``terminals`` (features where its terminal lives) → ``scoring`` → ``alerting``. A tick walks ``market`` → ``alerting``.
"""
