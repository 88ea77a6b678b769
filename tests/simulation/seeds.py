"""Many seeds, on several processors."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context

from tests.simulation.verdict import Verdict, simulate

AT_ONCE = 50
GUARD_SEEDS = range(1_000)
FAILURES_SHOWN = 5


def all_keep_their_promises(seeds: int) -> None:
    failed = failures(range(seeds), min(2, os.cpu_count() or 1))
    shown = "\n\n".join(map(str, failed[:FAILURES_SHOWN]))
    assert not failed, f"{len(failed)} of {seeds} worlds\n{shown}"


def failures(
    seeds: Sequence[int], jobs: int, tell: Callable[[int, int], None] = lambda _done, _failed: None
) -> list[Verdict]:
    """`tell` hears how many are done, and how many of them have failed."""
    portions = [seeds[n : n + AT_ONCE] for n in range(0, len(seeds), AT_ONCE)]
    failed: list[Verdict] = []
    for done, found in enumerate(_each(portions, jobs), 1):
        failed += found
        tell(min(done * AT_ONCE, len(seeds)), len(failed))
    return failed


def _each(portions: Sequence[Sequence[int]], jobs: int) -> Iterator[list[Verdict]]:
    if jobs == 1:
        yield from map(_failures, portions)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), _settle) as pool:
        yield from pool.map(_failures, portions)


def _settle() -> None:
    """What was imported stays, and need not be looked through again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def found(guard: str, seeds: Iterable[int]) -> Verdict | None:
    """The first world that misses the guard."""
    verdicts = (simulate(seed, guard) for seed in seeds)
    return next((verdict for verdict in verdicts if verdict.findings), None)


def each_found(guards: Sequence[str], seeds: Sequence[int], jobs: int) -> Iterator[Verdict | None]:
    with ProcessPoolExecutor(jobs, get_context("spawn"), _settle) as pool:
        yield from pool.map(found, guards, repeat(seeds))


def _failures(seeds: Sequence[int]) -> list[Verdict]:
    return [verdict for seed in seeds if (verdict := simulate(seed)).findings]
