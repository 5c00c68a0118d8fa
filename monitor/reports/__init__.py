"""Reports: what happened in one session, and what a changed configuration would change, on paper.

Everything here is written from effects and recorded messages; nothing is decided.
"""
