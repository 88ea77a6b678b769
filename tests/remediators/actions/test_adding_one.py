"""A new action is one file, its row in the catalogue, and its line in the contract: nothing else.

Shown on a copy of the code: policies can name it, the executor does it and undoes it, and its
rights are told.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

THE_FILE = """
from remediators.actions.parameters import undeclared
from remediators.actions.plan import Plan, Right, Row
from remediators.core.patch import add, must_be, remove
from remediators.core.query import Query
from schemas.actions import HOLD

HELD = ("metadata", "annotations", "example.com/held")


def plan(scene):
    refused = undeclared(HOLD, scene.command.parameters)
    return refused or Plan((add("yes", *HELD),), {"held": "yes"}, (must_be(None, *HELD),))


def rollback(scene):
    return Plan((remove(*HELD),), tests=(must_be("yes", *HELD),))


def reads(command, seen):
    return (Query("Ingress", seen.target.namespace),)


ROW = Row(HOLD, plan, rollback, reads, (Right("list", "Ingress"),))
"""

USING_IT = """
import asyncio
from remediators.actions.rights import rights_of
from schemas.actions import ACTIONS, HOLD
from schemas.kinds import SERVICE
from schemas.remediation import CommandKind, Target
from streams.policy.load import compile_policy
from tests.policies import ESCALATE, quick, step
from tests.remediators.builders import command
from tests.remediators.executor.bench import Bench, words

SHOP = Target("eu-1", "shop", SERVICE, "checkout")


async def carried_out():
    here = Bench()
    before = here.cluster.put(SHOP, {"spec": {}})["metadata"]["annotations"].copy()
    (seen,) = await here.do(command(CommandKind.LOOK, command_id="look", target=SHOP))
    bound = {"target": SHOP, "uid": seen.uid, "generation": seen.generation}
    assert words(await here.do(command(action=HOLD, **bound))) == ["intent", "applied"]
    undo = {"undoes": "c1", "command_id": "c2", "parameters": here.records[-1].undo}
    order = command(CommandKind.ROLLBACK, action=HOLD, **bound, **undo)
    assert words(await here.do(order)) == ["intent", "applied"]
    left = here.cluster.objects[SHOP]["metadata"]["annotations"]
    assert {k: v for k, v in left.items() if k != "mendlog.io/last-command"} == before


of_a_service = '{kind: Service, namespace: "{namespace}", name: "{service}"}'
of_a_deployment = '{kind: Deployment, namespace: "{namespace}", name: "{deployment}"}'
policy = quick(steps=step(HOLD, "undo: true") + ESCALATE).replace(of_a_deployment, of_a_service)
assert compile_policy(policy).playbooks[0].rungs[0].action == HOLD
asyncio.run(carried_out())
rules = [rule.plain() for rule in rights_of([HOLD]).everywhere]
print(sorted(resource for rule in rules for resource in rule["resources"]))
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for part in ("schemas", "streams", "remediators", "deploy", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "golden", "alertmanager", "*.json")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
    return tmp_path


def changed(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} in {file.name}"
    file.write_text(text.replace(old, new))


def test_one_file_its_row_and_its_line(copied: Path):
    (copied / "remediators/actions/hold.py").write_text(THE_FILE)
    contract = copied / "schemas/actions.py"
    changed(contract, '\nCORDON = "cordon"\n', '\nCORDON = "cordon"\nHOLD = "hold"\n')
    line = 'HOLD: Action("mark a Service", {}, kinds=frozenset({"Service"}), undoable=True),'
    changed(contract, "\n    CORDON: Action(", f"\n    {line}\n    CORDON: Action(")
    catalogue = copied / "remediators/actions/catalog.py"
    changed(catalogue, "\n    cordon.ROW,\n", "\n    cordon.ROW,\n    hold.ROW,\n")
    changed(catalogue, "\n    expand_volume,\n", "\n    expand_volume,\n    hold,\n")
    ran = subprocess.run(
        [sys.executable, "-c", USING_IT], cwd=copied, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "ingresses" in ran.stdout
    assert "services" in ran.stdout
