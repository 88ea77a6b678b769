"""The list of wire records, in one place."""

from schemas.alerts import Alert
from schemas.controls import Control, Heartbeat, Switch
from schemas.housekeeping import SnapshotChunk, TopicBorn
from schemas.incidents import Decision, Incident
from schemas.metrics import Samples
from schemas.notices import Delivery, Notice
from schemas.rejects import Reject
from schemas.remediation import Command, Observation, Outcome, Withdrawal
from schemas.tape import TapeRecord

RECORDS: tuple[type, ...] = (
    Alert,
    Command,
    Control,
    Decision,
    Delivery,
    Heartbeat,
    Incident,
    Notice,
    Observation,
    Outcome,
    Reject,
    Samples,
    SnapshotChunk,
    Switch,
    TapeRecord,
    TopicBorn,
    Withdrawal,
)
