"""A real Kafka on this machine, from PyPI and Maven alone: no Docker, no Java beforehand."""
