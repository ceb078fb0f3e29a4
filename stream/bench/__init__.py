"""Measuring Weir from outside, beside the same job in what others would write it with.

``material`` is what is offered; ``backlog`` and ``offer`` bring it into Kafka, at once or open loop; ``processes`` pins
and weighs who works on it; ``drain``, ``throughput``, ``latency``, ``profile``, ``stages`` and ``memory`` measure;
``lasting`` is what takes from minutes to an hour; ``rivals`` are the other side; ``fingerprint`` and ``report`` say on
which machine and what came out.
"""
