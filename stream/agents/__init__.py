"""The agents: Faust, Kafka and durability around the core, which knows none of them.

A fetched slice of a partition travels as one Faust message (``fetch``, ``consumer``, ``transport``) to the agent of its
stage (``app``), is fed to the lane of its partition (``lane``, ``delivery``), and what comes of it is queued for
publication (``outbox``). A commit makes alerts durable, then rows and checkpoint, then offsets (``delivery``); after
every assignment the lanes go on from their checkpoints (``restoring``, ``tables``, ``tail``).
"""
