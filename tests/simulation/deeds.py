"""Whether what was done in the clusters was ordered, announced, in time, and done once.

What a patch writes and a creation makes names its command. A removal, a value and a status do not:
those are the command's that announced these very bytes, or of one of several that did.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from remediators.core.marker import LAST_COMMAND
from remediators.core.request import CREATE, DELETE, EVICT, PATCH, SET, set_value
from schemas.controls import ALL_CLUSTERS
from schemas.remediation import Command, CommandKind, Outcome, OutcomeStatus, Request
from schemas.topics import partition_for
from tests.simulation.executor import Claimed
from tests.simulation.site import Effect, Sent, Site

EFFECTIVE = (CommandKind.ACT, CommandKind.ROLLBACK)
WITHOUT_EFFECT = (OutcomeStatus.REJECTED, OutcomeStatus.FAILED)
REMOVALS = (DELETE, EVICT)
AGAIN = (PATCH, CREATE, *REMOVALS)
"""What may be sent more than once: the API itself lets one of them win."""


class Intent(NamedTuple):
    at_ms: int
    executor: str
    command_id: str


class End(NamedTuple):
    """Of a command, as it is on record."""

    at_ms: int
    left_ms: int
    """When it left whoever told it."""
    outcome: Outcome


class Deeds:
    def __init__(
        self,
        commands: Mapping[str, Command],
        sites: Mapping[str, Site],
        claims: list[Claimed],
        partitions: int,
    ) -> None:
        self._commands = commands
        self._sites = sites
        self._claims = claims
        self._partitions = partitions
        self._announced: defaultdict[Request, list[Intent]] = defaultdict(list)
        self._intents: defaultdict[str, list[Intent]] = defaultdict(list)
        self._ends: defaultdict[str, list[End]] = defaultdict(list)
        self._requests: dict[str, Request] = {}
        """By command: what it announced first."""
        self._done: Counter[str] = Counter()
        """By command, where only one can have done it."""

    def hears(self, at_ms: int, left_ms: int, said: Outcome) -> None:
        if said.request is not None:
            intent = Intent(at_ms, said.executor, said.command_id)
            self._announced[said.request].append(intent)
            self._intents[said.command_id].append(intent)
            self._requests.setdefault(said.command_id, said.request)
        if said.status.terminal:
            self._ends[said.command_id].append(End(at_ms, left_ms, said))

    def findings(self) -> Iterator[str]:
        for site in self._sites.values():
            for n, sent in enumerate(site.sent):
                yield from self._was_allowed(site, sent, n)
            yield from self._was_sent_once(site)
            yield from self._was_done_once(site)
        yield from self._undone_once()
        for command_id, ends in self._ends.items():
            if ends[0].outcome.kind in EFFECTIVE:
                yield from self._ended_once(command_id, ends)
                yield from self._ended_truly(command_id, ends[0])

    def _authors(self, request: Request) -> list[Command]:
        if request.verb in (PATCH, CREATE):
            names = [_named_in(request)]
        else:
            names = list(dict.fromkeys(i.command_id for i in self._announced[request]))
        return [self._commands[name] for name in names if name in self._commands]

    # Requests.

    def _was_allowed(self, site: Site, sent: Sent, place: int) -> Iterator[str]:
        authors = self._authors(sent.request)
        if not authors:
            yield f"a {sent.request.verb} of no command was sent to {site.name}"
            return
        wrong = [list(self._is_wrong(sent, command)) for command in authors]
        if all(wrong):
            yield from wrong[0]
        needless = all(command.command_id in sent.withdrawn for command in authors)
        if needless and not _in_doubt(sent, site.sent[:place]):
            yield f"{authors[0].command_id[:8]} was withdrawn, and {sent.process} knew, and sent it"

    def _is_wrong(self, sent: Sent, command: Command) -> Iterator[str]:
        name = f"{command.kind} {command.command_id[:8]}"
        announced = [i.at_ms for i in self._announced[sent.request] if _is(i, command)]
        if not announced or min(announced) > sent.at_ms:
            yield f"{name} was sent by {sent.process} before its INTENT"
        if sent.at_ms >= command.expires_at_ms:
            late_ms = sent.at_ms - command.expires_at_ms
            yield f"{name} was sent {late_ms} ms after its expiry"
        if sent.killed & {ALL_CLUSTERS, command.cluster}:
            yield f"{name} was sent by {sent.process}, who had heard of the kill switch"

    def _was_sent_once(self, site: Site) -> Iterator[str]:
        """Where a copy could do harm, there is none."""
        tried = (sent for sent in site.sent if not sent.turned_away)
        times = Counter(sent.request for sent in tried if sent.request.verb not in AGAIN)
        for request, n in times.items():
            if n > len(self._authors(request)):
                yield f"a {request.verb} of {request.target} was sent {n} times"

    # Effects.

    def _was_done_once(self, site: Site) -> Iterator[str]:
        times: Counter[Request] = Counter()
        for effect in site.effects:
            authors = self._authors(effect.request)
            times[effect.request] += 1
            if len(authors) == 1:
                self._done[authors[0].command_id] += 1
            if authors and not any(_is_at_its_target(effect, command) for command in authors):
                name = authors[0].command_id[:8]
                yield f"{name} had its effect on another object of that name"
        for request, n in times.items():
            authors = self._authors(request)
            if authors and n > len(authors):
                yield f"{authors[0].command_id[:8]} ({request.verb}) took effect {n} times"
        yield from (
            f"{name[:8]} took effect {n} times, by different requests"
            for name, n in self._done.items()
            if n > 1 and not any(n <= times[r] for r in times if self._is_of(r, name))
        )

    def _is_of(self, request: Request, command_id: str) -> bool:
        return any(command.command_id == command_id for command in self._authors(request))

    def _undone_once(self) -> Iterator[str]:
        undone: Counter[str] = Counter()
        for command_id, n in self._done.items():
            command = self._commands[command_id]
            if command.kind is CommandKind.ROLLBACK:
                undone[command.undoes] += n
        yield from (f"{c[:8]} was undone {n} times" for c, n in undone.items() if n > 1)

    # What was said of them.

    def _ended_once(self, command_id: str, ends: list[End]) -> Iterator[str]:
        first = ends[0].outcome
        for end in ends[1:]:
            later, knew = end.outcome, self._knew(end, ends[0].at_ms)
            if later.status is not first.status and knew:
                said = f"{first.status}, then {later.status} ({later.reason})"
                yield f"{command_id[:8]} has two ends: {said} by {later.executor}"

    def _ended_truly(self, command_id: str, end: End) -> Iterator[str]:
        status = end.outcome.status
        if status is OutcomeStatus.APPLIED and not self._has_happened(command_id):
            yield f"{command_id[:8]} is said to be applied, and nothing was done"
        if status in WITHOUT_EFFECT and self._done[command_id] and not self._crossed(command_id):
            yield f"{command_id[:8]} is said to be {status}, and it took effect"

    def _has_happened(self, command_id: str) -> bool:
        """Of what is gone, or has a value, nobody can tell by whom."""
        request = self._requests.get(command_id)
        if request is None:
            return False
        site = self._sites[request.target.cluster]
        if request.verb in REMOVALS:
            return _removed(request) in site.gone
        if request.verb == SET and (request.target, set_value(request)) in site.set_by_hand:
            return True
        return any(effect.request == request for effect in site.effects)

    def _crossed(self, command_id: str) -> bool:
        """A refusal was on its way when another announced it: nobody could know of the other."""
        end, intents = self._ends[command_id][0], self._intents[command_id]
        mine = [i.at_ms for i in intents if i.executor == end.outcome.executor]
        return not mine and any(end.left_ms <= i.at_ms <= end.at_ms for i in intents)

    def _knew(self, later: End, ended_at_ms: int) -> bool:
        """Whoever took the partition over after that has read it, and so has who wrote it. A late
        one who was given up may not know; the core goes by the first end."""
        outcome = later.outcome
        place = (outcome.executor, partition_for(outcome.cluster, self._partitions))
        claimed = [c.at_ms for c in self._claims if (c.process, c.partition) == place]
        return any(ended_at_ms < at_ms <= later.left_ms for at_ms in claimed)


def _is(intent: Intent, command: Command) -> bool:
    return intent.command_id == command.command_id


def _in_doubt(sent: Sent, before: list[Sent]) -> bool:
    """Its sender has sent it before, and what came of that it cannot tell."""
    return any(
        other.process == sent.process and other.request == sent.request and not other.turned_away
        for other in before
    )


def _is_at_its_target(effect: Effect, command: Command) -> bool:
    """What is made was not there; of a node, other things are removed than the node."""
    if effect.request.verb == CREATE:
        return not effect.uid
    about = effect.request.target == command.target
    return effect.uid == (command.uid if about else _removed(effect.request))


def _removed(request: Request) -> str:
    """The uid that it says it removes; empty where it would remove anything of that name."""
    body = json.loads(request.body)
    options = body["deleteOptions"] if request.verb == EVICT else body
    return str((options.get("preconditions") or {}).get("uid", ""))


def _named_in(request: Request) -> str:
    body = json.loads(request.body)
    if request.verb == CREATE:
        mark = body["metadata"]["annotations"][LAST_COMMAND]
    else:
        mark = next(o["value"] for o in body if o["op"] == "add" and _is_marker(o["path"]))
    return str(mark).split(",")[0]


def _is_marker(path: str) -> bool:
    return path.endswith(LAST_COMMAND.replace("/", "~1"))
