"""A candidate policy runs beside the one in force and sends nothing."""

from schemas import sightings
from schemas.codec import decode, encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.incidents import Decision
from schemas.tape import Fact, Origin, PolicyPublished, TapeRecord, Tick
from schemas.topics import COMMANDS, DECISIONS, NOTICES, TAPE
from streams.core.reasons import Reason
from streams.policy.book import PolicyBook
from streams.policy.load import digest_of
from streams.steps.decide import DecideStep
from streams.steps.effects import Effects, InputRecord
from tests.builders import QUICK, START_MS, alert

GENTLER = QUICK.replace("dwell: 0s", "dwell: 30s")


class Partition:
    """A partition of the tape, its journal kept as the host would."""

    def __init__(self) -> None:
        self.journal: dict[bytes, bytes] = {}
        self.step = DecideStep(PolicyBook(), 0, {})
        self.offset, self.at_ms = 0, START_MS
        self.sent: list[Effects] = []

    def hears(self, fact: Fact, cluster: str = ALL_CLUSTERS) -> Effects:
        origin = Origin("test", "one", 0, self.offset, 0)
        value = encode(TapeRecord(cluster, fact, origin))
        effects = self.step.apply(InputRecord(TAPE, 0, self.offset, self.at_ms, None, value, ()))
        self.offset += 1
        for key, entry in effects.changes.items():
            if entry is None:
                self.journal.pop(key, None)
            else:
                self.journal[key] = entry
        self.sent.append(effects)
        return effects

    def restarts(self) -> None:
        self.step = DecideStep(PolicyBook(), 0, self.journal)

    def orders(self, kind: ControlKind, digest: str, source: str = "") -> Effects:
        given = {"digest": digest, "source": source}
        return self.hears(
            Control("c1", ALL_CLUSTERS, kind, "ann", "trying it", self.at_ms, parameters=given)
        )

    def decisions(self) -> list[Decision]:
        found = [
            decode(o.value, Decision) for e in self.sent for o in e.outputs if o.topic is DECISIONS
        ]
        return [d for d in found if isinstance(d, Decision)]

    def reasons(self, beside: bool) -> list[str]:
        chains = [d for d in self.decisions() if ("?" in d.cluster) == beside]
        return [v.reason for d in chains for v in d.verdicts]

    def count(self, topic: object) -> int:
        return sum(o.topic is topic for e in self.sent for o in e.outputs)


def running(candidate: str = GENTLER) -> Partition:
    tape = Partition()
    tape.hears(PolicyPublished(digest_of(QUICK), QUICK, "test"))
    tape.orders(ControlKind.CANDIDATE, digest_of(candidate), candidate)
    return tape


def test_it_decides_on_the_same_facts_and_nothing_of_it_is_sent() -> None:
    tape = running()
    tape.hears(sightings.pack([alert()]), "eu-1")
    commands, notices = tape.count(COMMANDS), tape.count(NOTICES)
    tape.at_ms += 31_000
    tape.hears(Tick(tape.at_ms))
    assert Reason.CANDIDATE_WOULD in tape.reasons(beside=True)
    assert Reason.CANDIDATE_WOULD not in tape.reasons(beside=False)
    assert tape.count(COMMANDS) == commands == 1
    assert tape.count(NOTICES) == notices


def test_a_restart_changes_nothing_of_what_it_decides() -> None:
    whole, broken = running(), running()
    for tape in (whole, broken):
        tape.hears(sightings.pack([alert()]), "eu-1")
        if tape is broken:
            tape.restarts()
        tape.at_ms += 31_000
        tape.hears(Tick(tape.at_ms))
    assert [encode(d) for d in broken.decisions()] == [encode(d) for d in whole.decisions()]


def test_its_chain_has_a_name_of_its_own_for_each_run() -> None:
    tape = running()
    tape.hears(sightings.pack([alert()]), "eu-1")
    tape.orders(ControlKind.DROP, digest_of(GENTLER))
    tape.orders(ControlKind.CANDIDATE, digest_of(GENTLER), GENTLER)
    tape.hears(sightings.pack([alert(starts_at_ms=START_MS + 1)]), "eu-1")
    chains = {d.cluster for d in tape.decisions() if d.cluster.startswith("eu-1?")}
    assert len(chains) == 2
    for chain in chains:
        seqs = [d.seq for d in tape.decisions() if d.cluster == chain]
        assert seqs == list(range(1, len(seqs) + 1))


def test_what_it_kept_is_gone_when_it_has_been_dropped() -> None:
    tape = running()
    tape.hears(sightings.pack([alert(pod=str(n)) for n in range(200)]), "eu-1")
    tape.hears(sightings.pack([alert(pod=str(n + 200)) for n in range(200)]), "eu-1")
    assert any(key.startswith(b"beside/") for key in tape.journal)
    tape.orders(ControlKind.DROP, digest_of(GENTLER))
    tape.restarts()
    for _ in range(3):
        tape.hears(Tick(tape.at_ms))
    assert not any(key.startswith(b"beside/") for key in tape.journal)


def test_promoting_it_puts_it_in_force() -> None:
    tape = running()
    tape.orders(ControlKind.PROMOTE, digest_of(GENTLER))
    assert Reason.NEW_POLICY in tape.reasons(beside=False)[-2:]
    tape.hears(sightings.pack([alert()]), "eu-1")
    assert tape.decisions()[-1].policy == digest_of(GENTLER)
    assert tape.count(COMMANDS) == 0  # its dwell is longer


def test_only_the_candidate_that_runs_can_be_promoted() -> None:
    tape = running()
    tape.orders(ControlKind.PROMOTE, digest_of(QUICK))
    assert tape.reasons(beside=False)[-1] == Reason.NOTHING_TO_CHANGE


def test_a_kill_switch_is_heard_by_both() -> None:
    tape = running()
    tape.hears(Control("k", ALL_CLUSTERS, ControlKind.KILL, "ann", "stop", tape.at_ms))
    tape.hears(sightings.pack([alert()]), "eu-1")
    tape.at_ms += 31_000
    tape.hears(Tick(tape.at_ms))
    assert Reason.KILLED in tape.reasons(beside=True)
    assert Reason.KILLED in tape.reasons(beside=False)
