"""No fault at all: what the others are measured against."""

from tests.faults.registry import scenario
from tests.faults.rig import Rig


@scenario(1, "no fault", copies=1, p99=30)
def everything_in_time(rig: Rig) -> None:
    """5,000 promises falling due over five minutes: all told once, in time."""
    rig.promise(rig.size(5000, 100), first=rig.seconds(20, 3), over=rig.seconds(300, 3))
    rig.start()
