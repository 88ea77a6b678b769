"""`mendlog policy check` and `schema`: what is wrong, what is not meant, what editors read."""

import json
from pathlib import Path

from deploy.policy_page import SCHEMA
from tests.deploy.cli.conftest import Mendlog
from tests.streams.policy.texts import WHOLE, changed

UNUSED = changed("[ops, pages, shop]", "[ops, pages, shop, nobody]")


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    return str(path)


def test_a_good_policy(mendlog: Mendlog, tmp_path: Path) -> None:
    text = changed("preset: production-1", "preset: production-1\n  cooldown: 30m")
    done = mendlog("policy", "check", written(tmp_path, text))
    assert (done.exit_code, done.err) == (0, "")
    assert "errors (approve): scale → restart → escalate" in done.out
    assert "limits that differ from the preset: cooldown: 30m, not 15m" in done.out


def test_faults(mendlog: Mendlog, tmp_path: Path) -> None:
    path = written(tmp_path, changed("dwell: 2m", "dwell: 2"))
    done = mendlog("policy", "check", path)
    assert done.exit_code == 1
    assert done.err.startswith(f"{path}:")
    assert "expected a duration" in done.err
    done = mendlog("policy", "check", path, "--json")
    found = json.loads(done.out)
    assert (done.exit_code, found["ok"], len(found["faults"])) == (1, False, 1)


def test_a_warning_is_an_error_only_where_that_is_asked_for(
    mendlog: Mendlog, tmp_path: Path
) -> None:
    path = written(tmp_path, UNUSED)
    done = mendlog("policy", "check", path)
    assert done.exit_code == 0
    assert "nobody is told through 'nobody' (warning)" in done.err
    assert mendlog("policy", "check", path, "--strict").exit_code == 1
    found = json.loads(mendlog("policy", "check", path, "--json").out)
    assert (found["ok"], len(found["warnings"])) == (True, 1)
    assert set(found["warnings"][0]) == {"file", "line", "column", "why"}


def test_a_folder(mendlog: Mendlog, tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    folder.mkdir()
    at = WHOLE.index("playbooks:")
    (folder / "a.yaml").write_text(WHOLE[:at])
    (folder / "b.yaml").write_text(changed("dwell: 2m", "dwell: 2", WHOLE[at:]))
    done = mendlog("policy", "check", str(folder))
    assert done.exit_code == 1
    assert done.err.startswith(f"{folder}/b.yaml:")


def test_the_schema(mendlog: Mendlog) -> None:
    done = mendlog("policy", "schema")
    assert done.exit_code == 0
    assert json.loads(done.out) == json.loads(SCHEMA.read_text())
