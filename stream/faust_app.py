"""The app for Faust's own command line: ``faust -A stream.faust_app agents``, ``… tables``, ``… worker``.

Settings come from where ``weir`` takes them: ``weir.toml`` and ``WEIR_…`` variables, with ``WEIR_BOOTSTRAP`` set. The
topics must exist (``weir topics``), and ``weir worker`` is the better way to run one: it also serves metrics.
"""

from stream.agents.app import build_app
from stream.errors import SettingsError
from stream.settings import load_settings
from stream.walk import detectors_of, stages_of

_settings = load_settings()
if not _settings.kafka.bootstrap:
    raise SettingsError("kafka.bootstrap", "host:port of a broker; set WEIR_BOOTSTRAP")
app = build_app(_settings, stages_of(_settings, detectors_of(_settings)))
