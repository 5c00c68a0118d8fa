"""A simulated ward whose truth is known: people, reactions, devices, faults and a publisher."""
