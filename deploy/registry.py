"""Joining a schema registry, where one is set: every record of ours gets its id there."""

from collections.abc import Mapping

from schemas import topics
from schemas.alerts import Alert
from schemas.codec import frame_with
from schemas.controls import Control, Heartbeat, Switch
from schemas.housekeeping import SnapshotChunk, TopicBorn
from schemas.incidents import Decision, Incident
from schemas.metrics import Samples
from schemas.notices import Delivery, Notice
from schemas.registry import Registry
from schemas.rejects import Reject
from schemas.remediation import Command, Observation, Outcome, Withdrawal
from schemas.tape import TapeRecord

SUBJECTS: Mapping[type, str] = {
    Alert: topics.ALERTS.noun,
    Command: topics.COMMANDS.noun,
    Control: topics.CONTROLS.noun,
    Decision: topics.DECISIONS.noun,
    Delivery: topics.DELIVERIES.noun,
    Incident: topics.INCIDENTS.noun,
    Notice: topics.NOTICES.noun,
    Outcome: topics.OUTCOMES.noun,
    Reject: topics.REJECTS.noun,
    Samples: topics.METRICS.noun,
    SnapshotChunk: topics.SNAPSHOTS.noun,
    Switch: topics.SWITCHES.noun,
    TapeRecord: topics.TAPE.noun,
    TopicBorn: topics.TOPICS_BORN.noun,
    # A topic's second record: one subject holds versions of one record, so it has its own.
    Heartbeat: f"{topics.SWITCHES.noun}-Heartbeat",
    Observation: f"{topics.OUTCOMES.noun}-Observation",
    Withdrawal: f"{topics.COMMANDS.noun}-Withdrawal",
}


def join_registry(url: str, prefix: str) -> None:
    """Before the first record is written. Raises what `Registry` raises."""
    if not url:
        return
    registry = Registry(url)
    ids = {record: registry.id_for(record, f"{prefix}.{s}") for record, s in SUBJECTS.items()}
    frame_with(ids, registry.schema)
