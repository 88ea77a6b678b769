"""What we want to be true of the figures, and whether it is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import ge, le
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    what: str
    path: str
    """Where the figure is in the JSON."""
    holds: Callable[[float, float], bool] | None = None
    """Compares the figure with `bound`; None: told, without a goal."""
    bound: float = 0.0
    unit: str = ""

    def wanted(self) -> str:
        if self.holds is None:
            return ""
        return f"{'≥' if self.holds is ge else '≤'} {self.bound:,g}{self.unit}"


GOALS = (
    Goal("a storm over HTTP: alerts accepted per second", "storm.accepted_per_s"),
    Goal("the same by Alertmanager's", "storm.by_alertmanager", ge, 1.0),
    Goal("until each of its 200 services has an incident", "storm.all_incidents_s", None, 0, " s"),
    Goal(
        "longest wait of an order that people give meanwhile", "storm.order_ms_max", le, 5e3, " ms"
    ),
    Goal("one worker, repeats in deliveries of 64, per second", "processor.repeats_per_s"),
    Goal("the same by a bare aiokafka loop's", "processor.by_bare", ge, 0.5),
    Goal("the same by Quix Streams'", "processor.by_quix", ge, 1.0),
    Goal("first sightings in deliveries of 64, per second", "processor.first_per_s"),
    Goal("one alert a record, per second", "processor.single_per_s", ge, 3_500),
    Goal("POST to command at 10 alerts/s, p50", "look_ms_by_rate.10.p50", None, 0, " ms"),
    Goal("at 100 alerts/s, p50", "look_ms_by_rate.100.p50", le, 10, " ms"),
    Goal("at 100 alerts/s, p99", "look_ms_by_rate.100.p99", le, 40, " ms"),
    Goal("at 1,000 alerts/s, p50", "look_ms_by_rate.1000.p50", None, 0, " ms"),
    Goal("killed with 100,000 active alerts: ready, warm", "storm.ready_warm_s", le, 5, " s"),
    Goal("the same without its folder", "storm.ready_cold_s", le, 20, " s"),
    Goal("the core alone: repeats per second", "decide.repeats_per_s", ge, 150_000),
    Goal("the core alone: first sightings per second", "decide.first_per_s", ge, 30_000),
    Goal("a first sighting with 100,000 active by 1,000", "decide.growth_first", le, 2),
    Goal("a repeat with 100,000 active by 1,000", "decide.growth_repeats", le, 2),
    Goal("memory of an active alert", "decide.bytes_per_alert", le, 3_072, " B"),
    Goal(
        "command to its first byte at the API, p50",
        "executor.command_to_call_ms.p50",
        le,
        20,
        " ms",
    ),
    Goal(
        "command to its first byte at the API, p99",
        "executor.command_to_call_ms.p99",
        le,
        80,
        " ms",
    ),
    Goal("200 commands for 50 targets", "executor.all_commands_s", le, 20, " s"),
    Goal("the executor's memory", "executor.memory_mib", le, 150, " MiB"),
    Goal(
        "remote-write: samples per second through one gateway",
        "remote_write.samples_per_s",
        ge,
        100_000,
    ),
    Goal("the same of more series than it remembers", "remote_write.many_samples_per_s"),
    Goal(
        "detection over 10,000 series at 15 s: of a worker's core",
        "detection.worker_percent",
        le,
        50,
        " %",
    ),
    Goal("the watcher's memory with 5,000 pods", "watcher.mib_max", le, 200, " MiB"),
    Goal("`mendlog --help`", "help_s", le, 0.3, " s"),
)


def judged(figures: Mapping[str, Any]) -> Iterator[tuple[Goal, float, str]]:
    """Each goal whose figure was measured, with "met", "not met" or nothing."""
    for goal in GOALS:
        figure = at(figures, goal.path)
        if figure is not None:
            yield goal, figure, verdict(goal, figure)


def verdict(goal: Goal, figure: float) -> str:
    if goal.holds is None:
        return ""
    return "met" if goal.holds(figure, goal.bound) else "not met"


def at(figures: Mapping[str, Any], path: str) -> float | None:
    found: Any = figures
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _told(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:,g}"


def rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for goal, figure, said in judged(figures):
        yield goal.what, _told(figure) + goal.unit, goal.wanted(), said


def show(figures: Mapping[str, Any]) -> None:
    for goal, figure, said in judged(figures):
        print(f"{goal.what:<58} {_told(figure):>12}{goal.unit:<5} {goal.wanted():<12} {said}")
