"""docs/policy-tests.md says what is so."""

from textwrap import indent

from streams.desk.run import tell
from streams.desk.stories import stories_of
from tests.test_docs import EXAMPLE, blocks

WHOLE, DEEDS, EXPECTATIONS = blocks("docs/policy-tests.md", "yaml")
HEAD = "tests:\n  - name: of the page\n    timeline:\n"


def test_the_example_passes_with_the_example_of_a_policy() -> None:
    for story in stories_of(WHOLE, "docs/policy-tests.md").all:
        result = tell(story, EXAMPLE)
        assert result.failure is None, "\n".join([*map(str, result.timeline), str(result.failure)])


def test_the_smaller_examples_can_be_read() -> None:
    stories_of(HEAD + indent(DEEDS, " " * 6), "deeds")
    for line in EXPECTATIONS.splitlines():
        stories_of(f"{HEAD}      - {{at: 0s, expect: {{{line}}}}}\n", "expectations")
