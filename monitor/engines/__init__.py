"""Engines: the same work over many files, on one core, on several, or on a cluster.

A piece of work is a pure function of its item, so nothing that an engine does can change a
result: not the order, not the number of workers, not how many items a chunk has, not a worker
that is killed and its items that are done again.
"""
