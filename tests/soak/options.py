"""What a run is asked for."""

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    minutes: float
    alerts: int
    kill_every_s: float
    seed: int
    folder: Path | None = None


def read(arguments: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=25, help="at least so long")
    parser.add_argument("--alerts", type=int, default=1_000_000, help="accepted at least")
    parser.add_argument("--kill-every", type=float, default=20, help="seconds", dest="kill_every_s")
    parser.add_argument("--seed", type=int, default=1, help="of who is killed when, and who fires")
    parser.add_argument("--folder", type=Path, help="keep everything here, for after a violation")
    return Options(**vars(parser.parse_args(arguments)))
