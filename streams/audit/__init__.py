"""The audit: what the topics themselves say of the promises I1 to I12. It reads, and never writes.

`auditor.py` hears records in the order of the broker's time; each file of `checks` is one idea.
"""
