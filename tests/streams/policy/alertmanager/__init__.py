"""Alertmanager itself as the judge of matchers, routes, grouping, inhibition and time intervals.

`judge/` is a Go program around Alertmanager's own packages. What it says of `questions.py` and of
the texts beside it is committed in `answers.json`, so that a test needs no Go:

    python -m tests.streams.policy.alertmanager          ask again, and review the diff
    python -m tests.streams.policy.alertmanager --check  whether the answers are still the same
    python -m tests.streams.policy.alertmanager --keys   draw the table of Alertmanager's keys again
"""
