"""The time series: what the journal holds, told to a database of other programs' making.

The journal is the outbox. A forwarder reads it behind a cursor of its own, in a process of its
own, so a database that is away for days costs the alerts nothing and loses nothing.
"""
