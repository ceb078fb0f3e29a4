"""What the API's own description promises, tried by schemathesis on a console that runs."""

import pytest

pytestmark = pytest.mark.kafka
