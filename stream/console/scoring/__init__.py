"""The process of ``weir score``: a decision while the customer waits, in one event loop on one core.

``replica`` knows what the workers have committed of customers and terminals, ``bystander`` judges a payment by it
without applying it, ``memory`` answers a repeated question alike, ``till`` does these in order and publishes, and
``app`` and ``process`` put it on the network (docs/adr/0010).
"""
