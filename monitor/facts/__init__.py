"""The facts that everything speaks of: what came in, what came out, what is shown."""
