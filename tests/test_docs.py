"""What the documents show is run here, so that it stays true."""

import re
from pathlib import Path

from streams.policy.load import compile_policy

ROOT = Path(__file__).parent.parent


def blocks(path: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / path).read_text(), re.DOTALL)


def test_the_example_policy_of_the_documents_is_a_policy() -> None:
    (example,) = blocks("docs/policy.md", "yaml")
    policy = compile_policy(example, "docs/policy.md")
    assert [rung.action for rung in policy.playbooks[0].rungs] == [
        "restart",
        "roll_back",
        "escalate",
    ]


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
