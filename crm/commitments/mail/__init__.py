"""The mails: what they say, and what a tap in them does."""
