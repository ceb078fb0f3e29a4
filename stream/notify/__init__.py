"""``weir notify``: alerts out to people and programs, each sink at its own pace, none lost.

``sink`` is the contract and ``plugins`` finds what is installed; ``webhook``, ``slack``, ``mail``, ``alertmanager`` and
``files`` are ours. A ``teller`` reads the alerts for one sink; ``process`` runs one for each.
"""
