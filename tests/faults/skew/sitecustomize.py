"""Read by every Python process that has this folder on its path: its own clock goes wrong by SKEW seconds."""

import datetime as module
import os
import time

SKEW = float(os.environ.get("SKEW", "0"))
_time, _datetime = time.time, module.datetime


class _Meta(type(_datetime)):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _datetime)


class _Skewed(_datetime, metaclass=_Meta):
    @classmethod
    def now(cls, tz=None):
        return _datetime.now(tz) + module.timedelta(seconds=SKEW)

    @classmethod
    def utcnow(cls):
        return _datetime.utcnow() + module.timedelta(seconds=SKEW)

    @classmethod
    def today(cls):
        return cls.now()


if SKEW:
    time.time = lambda: _time() + SKEW
    module.datetime = _Skewed
