"""Days and hours in English."""

from crm.formats.ours import *  # noqa: F403  # Django reads the names here
