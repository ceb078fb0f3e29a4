"""What is known while Weir runs: how good the alerts are as verdicts come, and whether payments still look as learnt.

``weir monitor`` is a process beside the workers: it reads ``scores``, ``alerts`` and ``labels`` and slows nobody. From
below: ``distance`` and ``page_hinkley`` measure change, ``slots`` cut the stream into hours, ``watch`` decides what has
moved, ``told`` says it as an alert. ``ledger`` remembers payments until their verdict, ``outcomes`` counts what came,
``estimate`` says what will come. ``monitor`` puts them together without Kafka, ``process`` with it, and ``measure``
counts false alarms and delays.
"""
