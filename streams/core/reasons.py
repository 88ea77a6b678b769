"""Why: one value for everything that is decided or refused. Counted, shown, and tested."""

from enum import StrEnum


class Reason(StrEnum):
    # What moved an incident on.
    ALERT_FIRING = "alert_firing"
    ALERT_JOINED = "alert_joined"
    ALERTS_CLEAR = "alerts_clear"
    REFIRED = "refired"
    DWELL_OVER = "dwell_over"
    RAILS_PASSED = "rails_passed"
    INTENT_RECORDED = "intent_recorded"
    APPLIED = "applied"
    CHECK_DUE = "check_due"
    CHECK_PASSED = "check_passed"
    CHECK_FAILED = "check_failed"
    VERIFIED = "verified"
    QUIET = "quiet"
    NEW_POLICY = "new_policy"
    NEW_LOGIC = "new_logic"
    KILL_SWITCH_ON = "kill_switch_on"
    KILL_SWITCH_OFF = "kill_switch_off"
    CHECKPOINT = "checkpoint"
    MORE_ALERTS = "more_alerts"
    NOT_MUTED = "not_muted"
    NEXT_PORTION = "next_portion"
    """A gradual step goes on."""
    APPROVED = "approved"
    ONE_MORE_APPROVAL = "one_more_approval"
    STORM_OVER = "storm_over"
    CONDITION_CLEARED = "condition_cleared"
    """Its alerts had ended before the ordered action was sent, and nothing was done."""

    # What becomes of what was done for a time alone.
    LEASE_BEGINS = "lease_begins"
    LEASE_OVER = "lease_over"
    """Its time is over, and it is being undone."""
    LEASE_RETURNED = "lease_returned"
    LEASE_NOT_RETURNED = "lease_not_returned"
    """It stays as it is, and a human was told."""

    # Why an alert or an incident is part of another one.
    SAME_KEY = "same_key"
    ON_NODE = "on_node"
    DEPENDENCY_FAILS = "dependency_fails"

    # Why a step is passed over.
    CHANGE_RELATED = "change_related"
    """Somebody deployed shortly before: a rollback comes first."""
    CONDITION_FALSE = "condition_false"
    TOLD = "told"
    """It was there to tell people, and has."""

    # Why nobody is told for the time being.
    SILENCED = "silenced"
    MAINTENANCE = "maintenance"
    INHIBITED = "inhibited"
    MUTED_TIME = "muted_time"
    FLAPPING = "flapping"
    SNOOZED = "snoozed"

    # What an order of people did.
    FREEZE_ON = "freeze_on"
    FREEZE_OFF = "freeze_off"
    SILENCE_ON = "silence_on"
    SILENCE_OFF = "silence_off"
    CHANGE_RECORDED = "change_recorded"
    TRUSTED_AGAIN = "trusted_again"
    AGREED = "agreed"
    DISAGREED = "disagreed"
    CANDIDATE_BEGINS = "candidate_begins"
    CANDIDATE_ENDS = "candidate_ends"
    CANDIDATE_WOULD = "candidate_would"
    """A candidate policy would look at the target now, and act if the rails allowed it."""

    # Why it is people who are asked.
    MODE_OF_POLICY = "mode_of_policy"
    NOT_YET_PROVEN = "not_yet_proven"
    """The policy says `auto`, and the evidence on record does not bear it out."""
    PROVEN = "proven"
    DEMOTED = "demoted"
    APPROVAL_VOID = "approval_void"
    """What was approved is no longer what is there."""
    BREAKER_OPENED = "breaker_opened"

    # Why nothing was done, though it may be tried again shortly.
    NO_POLICY = "no_policy"
    COOLDOWN = "cooldown"
    TARGET_LOCKED = "target_locked"
    RATE_PER_MINUTE = "rate_per_minute"
    RATE_PER_HOUR = "rate_per_hour"
    TOO_MANY_AT_ONCE = "too_many_at_once"
    CLOCK_JUMP = "clock_jump"
    KILLED = "killed"
    OBSERVATION_STALE = "observation_stale"
    ROLLING_OUT = "rolling_out"
    STILL_NEEDED = "still_needed"
    """What was done for a time: the alerts that it was done for still fire."""
    BURST = "burst"
    SERVICE_BUSY = "service_busy"
    ONLY_WHAT_FOLLOWS = "only_what_follows"
    """Its own alerts have ended; those that follow from it still fire."""
    FROZEN = "frozen"
    STORM = "storm"
    TOO_MANY_ALERTS = "too_many_alerts"
    """More alerts fire on the cluster than are followed one by one."""
    EVERYTHING_BROKEN = "everything_broken"
    WATCHDOG_MISSING = "watchdog_missing"
    BRAKED = "braked"
    """An alert fires that the policy names as a brake."""
    SIGHTINGS_LATE = "sightings_late"
    DECISION_LAG = "decision_lag"
    BREAKER_OPEN = "breaker_open"
    NODES_UNHEALTHY = "nodes_unhealthy"
    TOO_FEW_HEALTHY = "too_few_healthy"

    # Why nothing will be done, and a human was told.
    NO_PLAYBOOK = "no_playbook"
    NO_TARGET = "no_target"
    NEVER_AUTOMATED = "never_automated"
    NO_DATA = "no_data"
    """The source says that it does not know, and no playbook asks for that."""
    PLAYBOOK_OFF = "playbook_off"
    DRY_RUN = "dry_run"
    SHADOW = "shadow"
    SEVERITY_ONLY_TOLD = "severity_only_told"
    OUTSIDE_SOURCE_SCOPE = "outside_source_scope"
    OWNED_ELSEWHERE = "owned_elsewhere"
    RIGHT_MISSING = "right_missing"
    """The cluster's API does not allow the executor what the playbook needs."""
    CONDITION_FAILED = "condition_failed"
    APPROVAL_EXPIRED = "approval_expired"
    REJECTED_BY_HUMAN = "rejected_by_human"
    NAMESPACE_NOT_ALLOWED = "namespace_not_allowed"
    TARGET_MISSING = "target_missing"
    NOT_OPTED_IN = "not_opted_in"
    PAUSED = "paused"
    ATTEMPTS_SPENT = "attempts_spent"
    LADDER_SPENT = "ladder_spent"
    NO_OBSERVATION = "no_observation"
    NO_OUTCOME = "no_outcome"
    OUTCOME_UNKNOWN = "outcome_unknown"
    REJECTED = "rejected"
    FAILED = "failed"
    NOT_VERIFIED = "not_verified"
    ROLLED_BACK = "rolled_back"
    ROLLBACK_FAILED = "rollback_failed"
    POLICY_GONE = "policy_gone"
    """The policy that the incident runs under is no longer kept or no longer readable."""
    STILL_WITH_A_HUMAN = "still_with_a_human"

    # Why a control changed nothing.
    POLICY_UNREADABLE = "policy_unreadable"
    POLICY_DIGEST_TAKEN = "policy_digest_taken"
    """Its digest is empty, or is that of another text that is still kept."""
    CONTROL_UNREADABLE = "control_unreadable"
    NOTHING_TO_CHANGE = "nothing_to_change"
    NOT_NOW = "not_now"
    """Something is under way that must end first."""
    PROPOSAL_UNKNOWN = "proposal_unknown"
    APPROVER_NOT_ALLOWED = "approver_not_allowed"
    APPROVER_NOT_VERIFIED = "approver_not_verified"
    APPROVER_IS_AUTHOR = "approver_is_author"
    APPROVED_TWICE = "approved_twice"


MUTED = frozenset(
    {
        Reason.SILENCED,
        Reason.MAINTENANCE,
        Reason.INHIBITED,
        Reason.MUTED_TIME,
        Reason.FLAPPING,
        Reason.SNOOZED,
    }
)
PATIENT = frozenset({Reason.STORM, *MUTED})
"""Refusals that cost no patience: somebody has been told of what they come from, or wants them."""
PASSING = frozenset(
    {
        Reason.NO_POLICY,
        Reason.COOLDOWN,
        Reason.TARGET_LOCKED,
        Reason.BURST,
        Reason.RATE_PER_MINUTE,
        Reason.RATE_PER_HOUR,
        Reason.TOO_MANY_AT_ONCE,
        Reason.SERVICE_BUSY,
        Reason.ONLY_WHAT_FOLLOWS,
        Reason.CLOCK_JUMP,
        Reason.KILLED,
        Reason.FROZEN,
        Reason.EVERYTHING_BROKEN,
        Reason.WATCHDOG_MISSING,
        Reason.BRAKED,
        Reason.SIGHTINGS_LATE,
        Reason.DECISION_LAG,
        Reason.BREAKER_OPEN,
        Reason.NODES_UNHEALTHY,
        Reason.TOO_FEW_HEALTHY,
        Reason.OBSERVATION_STALE,
        Reason.ROLLING_OUT,
        Reason.STILL_NEEDED,
        *PATIENT,
    }
)
"""Refusals that time may lift; the incident is tried again until its patience ends."""
