"""Days and hours in Russian."""

from crm.formats.small import *  # noqa: F403  # Django reads the names here
