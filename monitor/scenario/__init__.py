"""Scenarios: what happens at a bed and what must come of it, in files that a nurse can read."""
