"""The audit on Kafka: workers tell changes, a recorder beside them chains alerts and changes, a verifier reads all.

None of it stands in the way of an event: the recorder reads topics as any consumer does (docs/adr/0005).
"""
