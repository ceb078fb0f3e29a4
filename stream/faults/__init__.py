"""The failure matrix: real workers on a real Kafka under load are harmed, and judged from outside.

A ``harm`` is done to a ``scene`` (a ``ground`` of brokers, a ``fleet`` of workers, a ``load`` of events); ``row`` does
one, ``watch`` times it, ``judge`` compares what stands on the topics with a replay of the same events; ``plan`` and
``report`` do many. The harms themselves stand in ``rows``, one file per family.
"""
