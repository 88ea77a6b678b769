"""docs/policy-tests.md says what is so."""

from textwrap import indent

from streams.desk.run import tell
from streams.desk.stories import stories_of
from streams.detect.rules_file import compile_rules
from tests.test_docs import EXAMPLE, blocks

WHOLE, DEEDS, SAMPLES, RULES, EXPECTATIONS = blocks("docs/policy-tests.md", "yaml")
HEAD = "tests:\n  - name: of the page\n    timeline:\n"


def test_the_example_passes_with_the_example_of_a_policy() -> None:
    rules = compile_rules(RULES, "detections.yaml")
    stories = [story for text in (WHOLE, SAMPLES) for story in stories_of(text, "page").all]
    assert len(stories) == 3
    for story in stories:
        result = tell(story, EXAMPLE, rules)
        assert result.failure is None, "\n".join([*map(str, result.timeline), str(result.failure)])


def test_the_smaller_examples_can_be_read() -> None:
    stories_of(HEAD + indent(DEEDS, " " * 6), "deeds")
    for line in EXPECTATIONS.splitlines():
        stories_of(f"{HEAD}      - {{at: 0s, expect: {{{line}}}}}\n", "expectations")
