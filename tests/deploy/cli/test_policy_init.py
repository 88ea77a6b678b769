"""`mendlog policy init`: what it writes is a policy, and nobody's file is touched."""

from pathlib import Path

import pytest

from deploy.policies.where import DEPLOYMENT_LABEL, LIBRARY
from streams.policy.load import load_file
from tests.deploy.cli.conftest import Mendlog


def test_a_policy_without_a_warning_that_acts_nowhere_by_itself(
    mendlog: Mendlog, tmp_path: Path
) -> None:
    folder = tmp_path / "ops" / "policy"
    done = mendlog("policy", "init", str(folder), "--namespace", "shop", "--namespace", "no")
    assert done.exit_code == 0
    assert f"mendlog policy check {folder}" in done.out
    assert str(DEPLOYMENT_LABEL) in done.out
    checked = mendlog("policy", "check", str(folder), "--strict")
    assert (checked.exit_code, checked.err) == (0, "")
    policy, _ = load_file(folder)
    assert policy.namespaces == {"shop", "no"}
    assert {playbook.mode for playbook in policy.playbooks} == {"shadow"}


def test_the_comments_come_with_it(mendlog: Mendlog, tmp_path: Path) -> None:
    mendlog("policy", "init", str(tmp_path / "policy"))
    for file in LIBRARY.glob("*.yaml"):
        assert (tmp_path / "policy" / file.name).read_text() == file.read_text()


def test_what_is_there_is_never_touched(mendlog: Mendlog, tmp_path: Path) -> None:
    mine = tmp_path / "50-rollouts.yaml"
    mine.write_text("mine")
    for place in (tmp_path, mine):
        done = mendlog("policy", "init", str(place))
        assert done.exit_code == 1
        assert "is there already" in done.err
    assert mine.read_text() == "mine"
    assert [file.name for file in tmp_path.iterdir()] == [mine.name]


@pytest.mark.parametrize("name", ["kube-system", "*", "", "Shop", "a b", "a\nplaybooks: []"])
def test_a_namespace_must_be_one_where_actions_may_be_allowed(
    mendlog: Mendlog, tmp_path: Path, name: str
) -> None:
    done = mendlog("policy", "init", str(tmp_path / "policy"), "--namespace", name)
    assert done.exit_code == 1
    assert not (tmp_path / "policy").exists()
