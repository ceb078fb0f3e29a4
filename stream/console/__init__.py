"""The console: one web page and an HTTP API for people, in a process of their own beside the workers.

``topics`` follows Kafka; ``book``, ``symbols`` and ``payments`` are what of it can be asked; ``reading`` and ``acting``
are the API over them, ``access`` and ``problems`` what every request meets, ``app`` puts them together and ``page`` is
what a browser gets. ``scoring`` is the other process, which answers while a customer waits.

All that is shown comes from topics and is bounded, so a restart shows the same.
"""
