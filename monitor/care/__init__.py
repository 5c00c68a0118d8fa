"""The parts of a stay: its phases, its alerts, the steps to take and their reasons."""
