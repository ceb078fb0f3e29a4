"""Deployment: a local Kafka without Docker, containers, Prometheus, Alertmanager, Grafana."""
