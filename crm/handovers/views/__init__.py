"""The doors through which who answers is changed."""
