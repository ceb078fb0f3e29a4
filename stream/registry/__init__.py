"""The registry on Kafka: models reach the workers by the topic ``models``, and the change by the internal topic.

``publishing`` writes both, ``arrivals`` reads models back for a worker, ``telling`` puts every step on ``changes``,
``history`` reads payments and verdicts to learn from or to judge by, ``beside`` what a shadow made of the same stream.
"""
