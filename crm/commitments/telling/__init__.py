"""Telling people one thing once: notices, how they become messages, and what follows when one fails."""
