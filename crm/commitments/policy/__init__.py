"""Policies: which one matches, how they are written, checked, previewed and tried."""
