"""What the judge and Mendlog are both asked: made from seeds, and from files written by hand."""

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
CONFIGS = 40
LABEL_SETS = 60
MOMENTS = 60
RANDOM_MATCHERS = 3_000
VALUES = ("", "x", "xx", "y", "1", "é", "x\ny", "X", 'say "x"', "\\", "٣", "x.y", "=x")
_NAMES = ("a", "b", "team", "severity", "env", "_x1")
_WIDE_NAMES = (*_NAMES, "a.b", "é", "with space", 'q"uote', "{}")
_WORDS = ("x", "xx", "y", "1", "db", "web", "critical", "prod-1", "é", "x.y")
_REGEXES = (
    "x|y",
    "x+",
    ".*",
    ".+",
    "",
    "[xy1]",
    "(x|db)?",
    "prod-.*",
    "(?i)X",
    "\\w+",
    "^x$",
    "x.y",
)
_ZONES = (None, "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_TOKENS = (
    *"abx1é .:_-,={}!~\\\"'`\n\t\u2003/", "a", "b", "x", "=", "=", "=", "!=", "=~", "!~", '"', '"',
    '"x"', '"x,y"', '\\"', "\\n", "\\x41", "\\u00e9", "a.b", '"a b"', "x|y", "(", ")", "[x]", ",",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    text: str
    """Of the alertmanager.yml."""
    labels: tuple[dict[str, str], ...]
    at_ms: tuple[int, ...]
    classic: bool
    """Alertmanager 0.25 can read it too."""

    def question(self) -> dict[str, Any]:
        return {"config": self.text, "labels": self.labels, "at_ms": self.at_ms}


@cache
def cases() -> tuple[Case, ...]:
    made = [_case(f"seed-{seed}", seed, classic=seed % 4 != 0) for seed in range(CONFIGS)]
    hard = [_hard(path) for path in sorted((HERE / "hard").glob("*.yml"))]
    return (*made, *hard)


def refused() -> dict[str, str]:
    """Files that Alertmanager does not run, by name."""
    parts = (HERE / "refused.txt").read_text().split("### ")[1:]
    return dict(part.split("\n", 1) for part in parts)


def _hard(path: Path) -> Case:
    draw = random.Random(path.stem)
    classic = "utf8" not in path.stem
    names = (
        *_NAMES,
        "alertname",
        "cluster",
        "service",
        "owner",
        *(() if classic else ("é", "a.b")),
    )
    labels = tuple(_labels(draw, names) for _ in range(LABEL_SETS))
    return Case(path.stem, path.read_text(), labels, _moments(draw), classic)


def _case(name: str, seed: int, classic: bool) -> Case:
    draw = random.Random(seed)
    names = _NAMES if classic else _WIDE_NAMES
    made = _Making(draw, names, classic)
    config = {
        "route": made.route(0),
        "receivers": [{"name": f"r{i}"} for i in range(6)],
        "time_intervals": [made.interval(f"i{i}") for i in range(4)],
        "inhibit_rules": [made.rule() for _ in range(draw.randrange(6))],
    }
    labels = tuple(_labels(draw, names) for _ in range(LABEL_SETS))
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    return Case(name, text, labels, _moments(draw), classic)


def _labels(draw: random.Random, names: tuple[str, ...]) -> dict[str, str]:
    chosen = [name for name in names if draw.random() < 0.5]
    return {"alertname": "A", **{name: draw.choice(_WORDS) for name in chosen}}


def _moments(draw: random.Random) -> tuple[int, ...]:
    """Any time from 2023 to 2028, and round the days on which clocks are changed."""
    changes = [1_774_746_000_000, 1_772_953_200_000, 1_792_890_000_000, 1_775_228_400_000]
    anywhere = [draw.randrange(1_672_531_200_000, 1_830_297_600_000) for _ in range(MOMENTS // 2)]
    near = [draw.choice(changes) + draw.randrange(-90, 90) * 60_000 for _ in range(MOMENTS // 4)]
    march = [1_774_828_800_000 + draw.randrange(-48, 72) * 3_600_000 for _ in range(MOMENTS // 4)]
    return tuple(anywhere + near + march)


class _Making:
    """The parts of a random configuration."""

    def __init__(self, draw: random.Random, names: tuple[str, ...], classic: bool) -> None:
        self._draw, self._names, self._classic = draw, names, classic

    def route(self, depth: int) -> dict[str, Any]:
        draw, route = self._draw, {}
        if depth == 0 or draw.random() < 0.7:
            route["receiver"] = f"r{draw.randrange(6)}"
        if depth:
            route |= self._side("", draw.randrange(3))
            route["continue"] = draw.random() < 0.4
            for key in ("mute_time_intervals", "active_time_intervals"):
                if draw.random() < 0.2:
                    route[key] = draw.sample(["i0", "i1", "i2", "i3"], 2)
        if draw.random() < 0.5:
            some = draw.sample(self._names, draw.randrange(3))
            route["group_by"] = draw.choice([["..."], some, some])
        for key in ("group_wait", "group_interval", "repeat_interval"):
            if draw.random() < 0.3:
                route[key] = draw.choice(["1m", "1h30m", "2d", "1w", "90s", "1y", "1m500ms"])
        if depth < 4:
            count = draw.randrange(4) if depth else 5
            route["routes"] = [self.route(depth + 1) for _ in range(count)]
        return route

    def _side(self, prefix: str, count: int) -> dict[str, Any]:
        draw, kind = self._draw, self._draw.random()
        plain = draw.sample(_NAMES, count)
        if kind < 0.2:
            return {prefix + "match": {name: draw.choice(_WORDS) for name in plain}}
        if kind < 0.4:
            return {prefix + "match_re": {name: draw.choice(_REGEXES) for name in plain}}
        terms = [self._term() for _ in range(count)]
        if terms and draw.random() < 0.3:
            terms = ["{" + ", ".join(terms) + "}"]
        return {prefix + "matchers": terms}

    def _term(self) -> str:
        draw = self._draw
        op = draw.choice(["=", "!=", "=~", "!~"])
        value = draw.choice(_REGEXES if "~" in op else (*_WORDS, ""))
        name = draw.choice(self._names)
        quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if name not in _NAMES:
            name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        bare = value in _WORDS and draw.random() < 0.3
        blank = draw.choice(["", "", " "])
        return f"{name}{blank}{op}{blank}{value if bare else quoted}"

    def rule(self) -> dict[str, Any]:
        draw = self._draw
        sides = self._side("source_", draw.randrange(3)) | self._side("target_", draw.randrange(3))
        return sides | {"equal": draw.sample(self._names, draw.randrange(3))}

    def interval(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "time_intervals": [self._period() for _ in range(self._draw.randrange(3))],
        }

    def _period(self) -> dict[str, Any]:
        draw, period = self._draw, {}
        if draw.random() < 0.5:
            start = draw.randrange(24)
            end = draw.randrange(start + 1, 25)
            period["times"] = [{"start_time": f"{start:02}:00", "end_time": f"{end:02}:00"}]
        if draw.random() < 0.4:
            first = draw.randrange(7)
            period["weekdays"] = [f"{_DAYS[first]}:{_DAYS[draw.randrange(first, 7)]}"]
        if draw.random() < 0.4:
            first = draw.randrange(1, 32)
            last = draw.randrange(first, 32)
            period["days_of_month"] = [draw.choice([f"{first}:{last}", f"-{last}:-{first}", "-1"])]
        if draw.random() < 0.3:
            first = draw.randrange(1, 13)
            period["months"] = [f"{first}:{draw.randrange(first, 13)}"]
        if draw.random() < 0.2:
            period["years"] = ["2025:2027"]
        if zone := draw.choice(_ZONES):
            period["location"] = zone
        return period


@cache
def matcher_texts() -> tuple[str, ...]:
    """Lists of matchers: those of the file, every expression in it, and what chance makes."""
    written = (HERE / "matchers.txt").read_text().splitlines()
    regexes = (HERE / "regexes.txt").read_text().splitlines()
    escaped = [regex.replace("\\", "\\\\").replace('"', '\\"') for regex in regexes]
    draw = random.Random(0)
    made = ["".join(draw.choices(_TOKENS, k=draw.randrange(1, 9))) for _ in range(RANDOM_MATCHERS)]
    named = [draw.choice(['a="', 'a=~"', '"a"=', "a=", "{a="]) + text for text in made[::2]]
    return (*written, *(f'a=~"{regex}"' for regex in escaped), *made, *named)


def duration_texts() -> tuple[str, ...]:
    draw = random.Random(1)
    parts = ["1", "30", "007", "h", "m", "s", "ms", "d", "w", "y", "-", " ", ".5"]
    made = ["".join(draw.choices(parts, k=draw.randrange(1, 7))) for _ in range(500)]
    return ("", "0", "00", "0s", "1h30m", "1y2w3d4h5m6s7ms", "300y", "292y", "1m1h", "1m1m", *made)
