"""Set a feature flag: one of its registered values in place of another.

Where a flag is kept, and which values it may have, only the executor's own settings say. So the
worst that a policy, or a forged undo, can do is one of the values that somebody has allowed.
"""

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Row, Scene, Setting
from remediators.core.flag import Flag
from remediators.core.patch import add, must_be
from remediators.core.refusal import Refusal
from schemas.actions import SET_FLAG
from schemas.kinds import CONFIG_MAP
from schemas.remediation import OutcomeReason, Target


def plan(scene: Scene) -> Plan | Setting | Refusal:
    given = scene.command.parameters
    if refusal := undeclared(SET_FLAG, given):
        return refusal
    flag = _flag(scene, given["flag"])
    return flag if isinstance(flag, Refusal) else _to(scene, flag, given["value"])


def rollback(scene: Scene) -> Plan | Setting | Refusal:
    """Its parameters are the undo of the ACT: which flag has which value of ours, and the value
    that there was."""
    undo = scene.command.parameters
    if undo.keys() != {"flag", "value", "previous"}:
        return bad("undoing a flag needs flag, value and previous, and nothing else")
    flag = _flag(scene, undo["flag"])
    if isinstance(flag, Refusal):
        return flag
    if _value(scene, flag) != undo["value"]:
        return Refusal(OutcomeReason.STALE, f"{flag.name} is not as it was set")
    return _to(scene, flag, undo["previous"])


def _to(scene: Scene, flag: Flag, wanted: str) -> Plan | Setting | Refusal:
    now = _value(scene, flag)
    if wanted not in flag.values:
        return bad(f"{flag.name} may not have that value: only {', '.join(sorted(flag.values))}")
    if now is None:
        return Refusal(OutcomeReason.INVALID, f"{flag.name} has no value yet: set one by hand")
    if now == wanted:
        return Refusal(OutcomeReason.NOTHING_TO_DO, f"{flag.name} has that value already")
    if now not in flag.values:
        words = f"{flag.name} has a value that is not registered, so nobody could set it back"
        return Refusal(OutcomeReason.INVALID, words)
    undo = {"flag": flag.name, "value": wanted, "previous": now}
    if flag.configmap is None:
        match = str(scene.seen.body.get("match", ""))
        return Setting(scene.command.target, wanted, now, match, undo)
    path = ("data", flag.configmap.key)
    return Plan((add(wanted, *path),), undo, (must_be(now, *path),))


def _value(scene: Scene, flag: Flag) -> str | None:
    if flag.configmap is None:
        value = scene.seen.body.get("value")
    else:
        value = (scene.seen.body.get("data") or {}).get(flag.configmap.key)
    return None if value is None else str(value)


def _flag(scene: Scene, name: str) -> Flag | Refusal:
    """Of that name, if it is kept where the command wants to change something."""
    flag, target = scene.kit.flags.get(name), scene.command.target
    if flag is None:
        return bad("no flag of that name is registered (MENDLOG_FLAGS_FILE)")
    if not _kept_in(flag, target):
        return bad(f"{name} is not kept in {target}")
    if scene.seen.body.get("immutable"):
        return Refusal(OutcomeReason.INVALID, "its ConfigMap is immutable")
    return flag


def _kept_in(flag: Flag, target: Target) -> bool:
    if flag.cluster not in ("", target.cluster):
        return False
    if flag.configmap is None:
        return target.kind != CONFIG_MAP and target.name == flag.name
    named = (target.kind, target.name) == (CONFIG_MAP, flag.configmap.name)
    return named and flag.configmap.namespace in ("", target.namespace)


ROW = Row(SET_FLAG, plan, rollback)
