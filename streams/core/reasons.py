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

    # Why nothing will be done, and a human was told.
    NO_PLAYBOOK = "no_playbook"
    NO_TARGET = "no_target"
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


PASSING = frozenset(
    {
        Reason.NO_POLICY,
        Reason.COOLDOWN,
        Reason.TARGET_LOCKED,
        Reason.RATE_PER_MINUTE,
        Reason.RATE_PER_HOUR,
        Reason.TOO_MANY_AT_ONCE,
        Reason.CLOCK_JUMP,
        Reason.KILLED,
        Reason.OBSERVATION_STALE,
        Reason.ROLLING_OUT,
    }
)
"""Refusals that time may lift; the incident is tried again until its patience ends."""
