"""docs/policy-tests.md says what is so."""

from pathlib import Path
from textwrap import indent

import pytest
from typer.testing import CliRunner

from deploy.cli.policy import app
from streams.desk.run import tell
from streams.desk.stories import stories_of
from streams.detect.rules_file import compile_rules
from tests.test_docs import EXAMPLE, blocks

WHOLE, DEEDS, SAMPLES, RULES, *EXPECTATIONS = blocks("docs/policy-tests.md", "yaml")
HEAD = "tests:\n  - name: of the page\n    timeline:\n"


def test_the_example_passes_with_the_example_of_a_policy() -> None:
    rules = compile_rules(RULES, "detections.yaml")
    stories = [story for text in (WHOLE, SAMPLES) for story in stories_of(text, "page").all]
    assert len(stories) == 3
    for story in stories:
        result = tell(story, EXAMPLE, rules)
        assert result.failure is None, "\n".join([*map(str, result.timeline), str(result.failure)])


def test_the_deeds_can_be_read() -> None:
    stories_of(HEAD + indent(DEEDS, " " * 6), "deeds")


@pytest.mark.parametrize("block", EXPECTATIONS)
def test_what_may_be_expected_can_be_expected_at_once(block: str) -> None:
    text = f"{HEAD}      - at: 0s\n        expect:\n{indent(block, ' ' * 10)}"
    (story,) = stories_of(text, "expectations").all
    assert story.moments[0].expects


def test_the_policy_that_is_used_is_the_first_in_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them can be read, so each is complained of by its name, and then taken away."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "here" / "policy").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    given, variable = tmp_path / "given.yaml", tmp_path / "variable.yaml"
    own, file = tmp_path / "tests" / "own.yaml", tmp_path / "here" / "policy.yaml"
    folder = tmp_path / "here" / "policy" / "part.yaml"
    for path in (given, variable, own, file, folder):
        path.write_text("unread: true\n")
    tests = tmp_path / "tests" / "tests.yaml"
    story = HEAD + "      - {at: 0s, expect: {open: 0}}\n"

    def complained_of(options: list[str], variable: str, text: str) -> str:
        tests.write_text(text)
        arguments = ["test", str(tests), *options]
        return str(
            CliRunner(env={"MENDLOG_POLICY_FILE": variable}).invoke(app, arguments).exception
        )

    names = f"policy: own.yaml\n{story}"
    assert str(given) in complained_of(["--policy", str(given)], str(variable), names)
    assert str(variable) in complained_of([], str(variable), names)
    assert str(own) in complained_of([], "", names)
    assert complained_of([], "", story).startswith("policy.yaml:")
    file.unlink()
    assert complained_of([], "", story).startswith("policy/part.yaml:")
