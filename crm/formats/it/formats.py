"""Days and hours in Italian."""

from crm.formats.small import *  # noqa: F403  # Django reads the names here
