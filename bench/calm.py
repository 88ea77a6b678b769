"""Measuring on a machine whose host has others to serve: rounds, of which the calmest counts.

A hypervisor that gives our processors to somebody else says so: the kernel counts it as `steal`.
"""

import os
from collections.abc import Callable
from typing import Any

import psutil

ROUNDS_MAX = int(os.environ.get("BENCH_ROUNDS", "5"))
CALM_PERCENT = 2.0
"""A round in which no more was taken away needs no other beside it."""


class Stolen:
    """What was taken away since this was made."""

    def __init__(self) -> None:
        self._began = psutil.cpu_times()

    def percent(self) -> float:
        """Of the time that somebody here wanted a processor."""
        now = psutil.cpu_times()
        spent = {name: getattr(now, name) - getattr(self._began, name) for name in now._fields}
        stolen = spent.get("steal", 0.0)
        unwanted = ("idle", "iowait", "guest", "guest_nice")  # guests are in `user` already
        wanted = sum(seconds for name, seconds in spent.items() if name not in unwanted)
        return round(100 * stolen / wanted, 1) if wanted else 0.0


def calmest(what: str, measure: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """The figures of the calmest round, with all of them under `rounds`."""
    rounds: list[dict[str, Any]] = []
    while len(rounds) < ROUNDS_MAX and not any(is_calm(found) for found in rounds):
        stolen = Stolen()
        found = measure(len(rounds))
        rounds.append({**found, "stolen_percent": stolen.percent()})
        print(f"{what}, round {len(rounds)}: the host took {rounds[-1]['stolen_percent']} %")
    return {**min(rounds, key=lambda found: found["stolen_percent"]), "rounds": rounds}


def is_calm(found: dict[str, Any]) -> bool:
    return bool(found["stolen_percent"] <= CALM_PERCENT)
