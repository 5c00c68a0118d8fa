"""The nursing station: a web server that shows a unit, explains it, and takes what people do.

It is a shell of its own and an MQTT client like any other, never in the path of an alert: it may
be stopped, restarted or lost while the monitor goes on.
"""
