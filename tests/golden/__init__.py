"""Recorded histories and what was decided on them. A change in a decision is a change to review.

`python -m tests.golden` rewrites every decisions.jsonl from its tape.jsonl and policy.yaml.
`python -m tests.golden --record` plays `histories.py` anew first, which rewrites the tapes too.
`python -m tests.golden --state` is for a release: it writes the state that this release leaves to
the next one, as the journal keeps it. Those of earlier releases are never rewritten.
"""
