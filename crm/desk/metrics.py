"""The engine's numbers as Prometheus reads them. Nothing is kept between two readings: each asks the database."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crm.desk.engine import HOUR, Backlog, Snapshot

SHARES = (0.5, 0.99)


class EngineCollector(Collector):
    """What one snapshot says."""

    def __init__(self, state: Snapshot) -> None:
        self.state = state

    def collect(self) -> Iterator[Metric]:
        state = self.state
        yield _one("level", "0 all is well, 1 something to look at, 2 a part is down.", state.level)
        yield from self._backlogs()
        yield from self._parts()
        yield _one(
            "breaker_open", "1 while the mail server cannot be reached, or breaks off.", state.paused_until is not None
        )
        late = _family("lateness_seconds", "How late the mails of the last hour left, at most.", ["share"])
        for share in SHARES:
            seconds = state.seconds_late(share)
            if seconds is not None:
                late.add_metric([str(share)], seconds)
        yield late
        yield _one("mails_last_minute", "Mails that left in the last whole minute.", state.minutes[-1])
        yield _one("mails_last_hour", f"Mails that left in the last {HOUR} minutes.", sum(state.minutes))
        failed = _family(
            "undelivered", "Mails of the last 30 days that were not, or perhaps not, delivered.", ["state"]
        )
        for name in ("dead", "uncertain"):
            failed.add_metric([name], state.n_undelivered.get(name, 0))
        yield failed
        yield _one("quarantined", "Things owed that were set aside after errors.", state.n_quarantined)
        yield _one("used_up", "Things owed of which everybody was told, and nobody acted.", state.n_used_up)
        yield _one("findings", "What the auditor sees that should not be.", state.n_findings)

    def _backlogs(self) -> Iterator[Metric]:
        backlogs: dict[str, Backlog] = {
            "looks": self.state.looks, "notices": self.state.notices, "mails": self.state.mails,
        }  # fmt: skip
        n = _family("due", "What is due and not done, counted up to 100,000.", ["what"])
        age = _family("oldest_due_seconds", "Since when the first of it is due.", ["what"])
        for what, backlog in backlogs.items():
            n.add_metric([what], backlog.n)
            age.add_metric([what], self.state.age(backlog))
        yield from (n, age)

    def _parts(self) -> Iterator[Metric]:
        beat = _family("heartbeat_age_seconds", "Since when a part has not got through its work.", ["part"])
        silent = _family("silent", "1 where a part has been silent for too long, or was never heard.", ["part"])
        for part in self.state.parts:
            if part.seconds is not None:
                beat.add_metric([part.component], part.seconds)
            silent.add_metric([part.component], part.is_silent)
        yield from (beat, silent)


def text(state: Snapshot) -> bytes:
    """Return a snapshot in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(EngineCollector(state))
    return generate_latest(registry)


def _family(name: str, says: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"liaison_engine_{name}", says, labels=labels)


def _one(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"liaison_engine_{name}", says, value=value)
