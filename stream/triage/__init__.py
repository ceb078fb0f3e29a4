"""What people do with alerts, on Kafka: ``follow`` reads the topic ``triage``, ``desk`` writes it.

The command line, and an HTTP API or a console, call the same functions; the rules themselves are in
``stream.core.triage``, ``stream.core.wanted`` says which alerts somebody wants to see.
"""
