"""The smallest valid rows, one module per app. Sequences, no chance; fixed dates."""

from datetime import UTC, datetime

AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # the moment most tests are about: a Wednesday
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # since when assignments hold, so that they do today too
