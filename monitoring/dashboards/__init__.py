"""The boards, as code: ``board`` says how any of them looks; each other file is one board and asks one question.

A board opens with the answer in single numbers; below it the rows say where it comes from. They are rendered to
``deployment/grafana/dashboards`` by ``monitoring.render``.
"""
