"""The ward: one step from what came in to what is told."""
