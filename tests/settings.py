"""Settings of the test process: those of the product, on a database of its own. `DB=postgres` takes PostgreSQL."""

import os

from crm.core import catalogues
from tests.services import databases

catalogues.compile_changed(databases.ROOT / "locale")  # whoever starts pytest need not think of it
databases.prepare()
os.environ["ENVIRONMENT"] = "test"
os.environ["DATABASE_URL"] = databases.url_of(databases.WORKER)
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"  # Playwright keeps an event loop in the main thread

from crm.settings import *  # noqa: E402, F403

DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
LOGGING["loggers"]["mail.log"] = {"level": "WARNING"}  # noqa: F405  # the sink tells every connection
