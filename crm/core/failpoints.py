"""Places where a process can be made to die, so that tests see what is left of it; nothing in production.

`FAILPOINT=sender.intent` kills the process (-9, no clean-up of any kind) the first time it gets there,
`FAILPOINT=sender.intent:5` the fifth time. Only `ENVIRONMENT=test` looks at it.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

from crm import env

_name, _, _at = env.FAILPOINT.partition(":")
_passed: Counter[str] = Counter()


def reach(name: str) -> None:
    """Die here if this is the place and the time."""
    if name == _name:
        _passed[name] += 1
        if _passed[name] == int(_at or 1):
            os.kill(os.getpid(), signal.SIGKILL)
