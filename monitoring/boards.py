"""All boards, in the order in which the documentation shows them."""

from monitoring.dashboards.executive import EXECUTIVE
from monitoring.dashboards.fraud import FRAUD
from monitoring.dashboards.market import MARKET
from monitoring.dashboards.models import MODELS
from monitoring.dashboards.pipeline import PIPELINE

BOARDS = (EXECUTIVE, FRAUD, MARKET, MODELS, PIPELINE)
