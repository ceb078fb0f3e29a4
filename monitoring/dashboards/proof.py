"""How models prove: by the verdicts so far, before any, against what they learnt from, and between groups."""

from monitoring.dashboards.board import Curves, Number, Row, above, at_least, from_on

_CHOSEN = 'detector=~"$detector"'
