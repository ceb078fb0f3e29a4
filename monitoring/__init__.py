"""Monitoring: metrics declared once, their exporter and health, dashboards and rules as code."""
