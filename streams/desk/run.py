"""Stories told to the real core, and where it decides otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.incidents import Decision, Verdict
from schemas.notices import Notice
from schemas.remediation import Command, Withdrawal
from schemas.tape import Detection
from streams.core.decide import Out
from streams.desk.deeds import play
from streams.desk.detecting import said_of
from streams.desk.expected import differences
from streams.desk.rehearsal import Restless
from streams.desk.stage import NotNow, Stage, said
from streams.desk.stories import Moment, Story
from streams.detect.rules_file import Rule
from streams.reading.nodes import spoken


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened, or that was decided."""

    at_ms: int
    text: str
    decided: bool

    def __str__(self) -> str:
        return f"{spoken(self.at_ms):>10}  {'    ' if self.decided else ''}{self.text}"


@dataclass(frozen=True, slots=True)
class Failure:
    line: int
    at_ms: int
    why: tuple[str, ...]
    """Each: what was expected, and what there is."""


@dataclass(frozen=True, slots=True)
class Result:
    story: Story
    failure: Failure | None
    """The first: what comes after it says little."""
    timeline: tuple[Line, ...]
    """Up to there."""
    detected: tuple[Detection, ...] = ()
    """By samples, up to there."""


def tell(story: Story, policy: str, rules: Sequence[Rule] = ()) -> Result:
    """`policy`: its text. One that cannot be read has been refused before."""
    stage = Stage(story.cluster, story.start_ms, story.labels, story.source, story.always, rules)
    timeline: list[Line] = []
    detected: list[Detection] = []
    stage.begins(policy)
    for moment in story.moments:
        why = _moment(stage, moment, timeline)
        detected += stage.detected
        if why:
            failure = Failure(moment.line, moment.at_ms, tuple(why))
            return Result(story, failure, tuple(timeline), tuple(detected))
    return Result(story, None, tuple(timeline), tuple(detected))


def _moment(stage: Stage, moment: Moment, timeline: list[Line]) -> list[str]:
    news: list[Out] = []
    stage.detected.clear()
    try:
        stage.goes_to(stage.start_ms + moment.at_ms)
        news += _noted(stage, timeline)
        if moment.deed:
            timeline.append(Line(moment.at_ms, str(moment.deed), decided=False))
            play(stage, moment.deed)
    except (NotNow, Restless) as fault:
        return [str(fault)]
    news += _noted(stage, timeline)
    return differences(moment.expects, stage, news) if moment.expects else []


def _noted(stage: Stage, timeline: list[Line]) -> list[Out]:
    """The detections since the last time before what was decided on them."""
    news = stage.news()
    lines = [
        Line(at_ms - stage.start_ms, f"detected {said_of(detection)}", decided=False)
        for at_ms, detection in stage.untold()
    ]
    for out in news:
        match out:
            case Decision():
                for verdict in out.verdicts:
                    lines.append(_decided(stage, out.at_ms, _verdict(stage, verdict)))
            case Command():
                lines.append(_decided(stage, out.issued_at_ms, said(out)))
            case Withdrawal() | Notice():
                lines.append(_decided(stage, out.at_ms, said(out)))
    timeline += sorted(lines, key=lambda line: line.at_ms)
    return news


def _decided(stage: Stage, at_ms: int, text: str) -> Line:
    return Line(at_ms - stage.start_ms, text, decided=True)


def _verdict(stage: Stage, verdict: Verdict) -> str:
    incident = stage.incidents.get(verdict.incident_id)
    name = f"{incident.labels.get('alertname', incident.title)}: " if incident else ""
    return f"{name}{verdict.what} ({verdict.reason}){f', {verdict.state}' if verdict.state else ''}"
