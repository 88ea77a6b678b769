"""States that releases have left in their journals, and what was decided on from there.

`states/<release>/` holds `state.jsonl`, the journal's entries as the codec of that release wrote
them; `tape.jsonl`, the facts that followed; and `decisions.jsonl`, what came of those.
"""

from importlib.metadata import version

import msgspec

from schemas.controls import ALL_CLUSTERS, ControlKind
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from streams.core.state import State
from streams.steps.state_codec import decode_state, encode_entry
from tests.builders import World, alert
from tests.golden.files import FOLDER, decided_on, read_decisions, read_tape, write_tape
from tests.policies import CATALOGUE, CORRELATED, ESCALATE, quick, step

STATES = FOLDER / "states"
OFFSET = 10_000
"""Where the facts after the state begin on the tape."""
POLICY = quick(
    CATALOGUE,
    CORRELATED,
    "watchdogs: [{name: dog, match: ['alertname=\"Watchdog\"'], missing_after: 1h}]",
    steps=step("scale", "parameters: {by: 1, max: 9}", "lasts: 30m", "undo: true")
    + step("roll_back", "approval: always", dwell="5s")
    + ESCALATE,
    storm_incidents="5",
    storm_cooldown="1m",
    breaker_straight="3",
)


def busy(world: World) -> None:
    """A cluster on which everything is under way that a journal has an entry for."""
    world.at("0s").orders(
        ControlKind.CANDIDATE,
        cluster=ALL_CLUSTERS,
        digest="candidate-1",
        source=f"{POLICY}# newer\n",
    )
    world.sees(alert("Watchdog", deployment=""))
    world.deployed("web")
    world.silences('deployment="quiet"', until="1h")
    world.freezes(until="1h", cluster="us-1")
    world.fires("Slow", deployment="quiet")
    world.at("21s").fires()
    world.obeys()
    world.obeys(undo={"replicas": "3"})
    world.at("22s").fires(deployment="search")
    world.obeys()
    world.disobeys()
    world.fires(deployment="db")
    world.obeys()
    world.disobeys(OutcomeStatus.UNKNOWN, OutcomeReason.NO_ANSWER)
    world.at("23s").fires("Slow", deployment="web", node="n1", correlation_id="c1")
    world.fires("Other", source="datadog", deployment="web", correlation_id="c1")
    world.clears("Slow", deployment="web", node="n1", correlation_id="c1")
    for n in range(3):
        world.at("24s").fires("Slow", deployment=f"d{n}")
    world.detects(0.25)


def goes_on(world: World) -> None:
    """The storm ends, what was asked is answered, and what waited goes on."""
    world.at("31s").ticks()
    check = next(c for c in reversed(world.every(Command)) if c.kind is CommandKind.VERIFY)
    world.at("32s").checked(check, passed=True)
    world.at("1m25s").ticks()
    world.at("1m26s").obeys()
    world.at("1m30s").ticks()
    world.at("2m").clears()
    world.clears(deployment="db")
    world.at("5m").ticks()
    world.at("40m").ticks()


def releases() -> list[str]:
    return sorted(path.parent.name for path in STATES.glob("*/state.jsonl"))


def write() -> int:
    """Of this release, which may be written again until it is out."""
    release = version("mendlog")
    folder = STATES / release
    folder.mkdir(parents=True, exist_ok=True)
    world = World(POLICY)
    busy(world)
    (folder / "state.jsonl").write_bytes(_lines(world.state))
    known = len(world.tape)
    world.offset = OFFSET
    goes_on(world)
    write_tape(f"states/{release}", world.tape[known:])
    lines = decided_from(release)
    (folder / "decisions.jsonl").write_text("".join(f"{line}\n" for line in lines))
    print(f"wrote the state of {release}: {len(world.state)} entries")
    return 0


def _lines(state: State) -> bytes:
    entries = sorted(state.items())
    lines = ({"key": key, "value": msgspec.Raw(encode_entry(entry))} for key, entry in entries)
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def read_state(release: str) -> dict[bytes, bytes]:
    texts = (STATES / release / "state.jsonl").read_bytes().splitlines()
    lines = (msgspec.json.decode(text, type=dict[str, msgspec.Raw]) for text in texts)
    return {
        msgspec.json.decode(line["key"], type=str).encode(): bytes(line["value"]) for line in lines
    }


def decided_from(release: str) -> list[str]:
    """What the core decides today, from the state that the release has left."""
    state = decode_state(read_state(release))
    return decided_on(state, read_tape(f"states/{release}"), OFFSET)


def on_file(release: str) -> list[str]:
    return read_decisions(f"states/{release}")
