import pytest

from tests.engine.rig import Rig
from tests.services.processes import Processes
from tests.services.sink import Sink
from tests.services.valkey import Valkey


@pytest.fixture
def rig(processes: Processes, sink: Sink, valkey: Valkey) -> Rig:
    return Rig(processes, sink, valkey.url)
