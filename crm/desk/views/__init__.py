"""The doors across records."""
