"""What the documents show is run here, so that it stays true."""

import re
from pathlib import Path

import pytest

from streams.policy.lint import remarks
from streams.policy.load import POLICY, read_policy
from streams.policy.schema import SCHEMA

ROOT = Path(__file__).parent.parent


def blocks(path: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / path).read_text(), re.DOTALL)


EXAMPLE, *FRAGMENTS = blocks("docs/policy.md", "yaml")


def sections(text: str) -> dict[str, str]:
    """The top-level keys of a policy's text, each with what stands below it."""
    starts = [m.start() for m in re.finditer(r"^\w+:", text, re.MULTILINE)]
    parts = [text[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
    return {part.partition(":")[0]: part for part in parts}


def test_the_example_policy_of_the_documents_is_a_policy() -> None:
    policy, root = read_policy(EXAMPLE, "docs/policy.md")
    assert [rung.action for rung in policy.playbooks[0].rungs] == [
        "restart",
        "roll_back",
        "escalate",
    ]
    assert remarks(policy, root) == []


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda text: next(iter(sections(text))))
def test_each_smaller_example_fits_into_it(fragment: str) -> None:
    whole = {**sections(EXAMPLE), **sections(fragment)}
    policy, root = read_policy("".join(whole.values()), "docs/policy.md")
    assert [one for one in remarks(policy, root) if "nothing uses" not in one.why] == []


def test_every_section_of_a_policy_is_explained() -> None:
    page = (ROOT / "docs/policy.md").read_text()
    headings = " ".join(re.findall(r"^#+ (.*)$", page, re.MULTILINE))
    assert [key for key in POLICY.schema["properties"] if f"`{key}`" not in headings] == []
    steps = SCHEMA["properties"]["playbooks"]["items"]["properties"]["steps"]["items"]["oneOf"]
    assert [key for key in steps[0]["properties"] if f"`{key}`" not in page] == []


def test_the_readmes_commands_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = set(re.findall(r"(?:^    |`)make ([a-z-]+)", readme, re.MULTILINE))
    assert asked
    assert asked <= targets


def test_every_link_between_documents_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert not broken
