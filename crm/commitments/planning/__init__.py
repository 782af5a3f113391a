"""When somebody is told: the escalation steps, what they are decided from, and the sweep that decides."""
