"""Every `mendlog …` that a page shows can be typed as it stands: the command is there, its options
are, and what it needs is given. Nothing is run, and no file is looked for."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from deploy.cli.main import group
from tests.source import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md")),
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("*/README.md")),
]
BLOCK = re.compile(r"^```.*?^```|(?:^ {4}[^\n]*\n)+", re.MULTILINE | re.DOTALL)
PLACEHOLDER = re.compile(r"[A-Z][A-Z_0-9]*(\.\.\.)?")
NOT_TYPED = {("command",)}
"""docs/safety.md: what a signature's bytes begin with."""
NO_FILE = re.compile("does not exist|No such file")
BETWEEN = set("|&;<>()")
UsageError: Any = typer.BadParameter.__mro__[1]
Words = list[str]


def lines(text: str) -> Iterator[str]:
    """Of the blocks of code; what goes on behind a backslash is one line."""
    for block in BLOCK.findall(text):
        yield from block.replace("\\\n", " ").splitlines()


def commands(line: str) -> Iterator[Words]:
    """What stands behind `mendlog`, however often it stands in a line of shell."""
    line = line.strip().removeprefix("$ ")
    if not re.match(r"(?:\w+=\S+ )*\S*mendlog ", line):
        return
    line = re.sub(r"(?<=[A-Z])\|[A-Z]+|(?<!\S)\[|\](?!\S)", "", line)  # A|B, [--may be left out]
    words: Words = []
    for word in [*shell(line), ";"]:
        if not BETWEEN.issuperset(word):
            words.append(word)
            continue
        while words and re.match(r"\w+=", words[0]):
            words.pop(0)
        if words and Path(words[0]).name == "mendlog":
            yield words[1:]
        words = []


def shell(line: str) -> Iterator[str]:
    split = shlex.shlex(line, posix=True, punctuation_chars=True)
    split.whitespace_split = True
    return iter(split)


def complaint(words: Words, *, whole: bool = True) -> str:
    """Empty: it can be typed. `whole`: with all that it needs."""
    try:
        command, context, given = parsed(words)
    except UsageError as fault:
        return str(fault.message)
    if "help" in given:
        return ""
    if whole and is_group(command) and not command.invoke_without_command:
        return "says only its help"
    for param in command.get_params(context):
        value = given.get(param.name)
        if param.value_is_missing(value):
            if whole and param.required:
                return f"needs {param.get_error_hint()}"
        elif why := misfit(context, param, value):
            return f"{param.get_error_hint()}: {why}"
    return ""


def parsed(words: Words) -> tuple[Any, Any, dict[str, Any]]:
    """The command, its context and what it was given; raises what a person would be told."""
    command: Any = typer.main.get_command(group())
    context = None
    while True:
        context = typer.Context(command, parent=context, info_name=command.name)
        given, words, _ = command.make_parser(context).parse_args(words)
        if "help" in given:
            return command, context, given
        if not words or not is_group(command):
            break
        _, command, words = command.resolve_command(context, words)
    if words:
        context.fail(f"too much: {' '.join(words)}")
    return command, context, given


def misfit(context: Any, param: Any, value: Any) -> str:
    if is_open(value):
        return ""
    try:
        param.process_value(context, value)
    except typer.BadParameter as fault:
        return "" if NO_FILE.search(fault.message) else fault.message
    return ""


def is_group(command: Any) -> bool:
    return hasattr(command, "resolve_command")


def is_open(value: Any) -> bool:
    """Left to the reader, as ID is, so it need not fit."""
    values = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(one, str) and PLACEHOLDER.fullmatch(one) for one in values)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_shown_can_be_typed(page: Path) -> None:
    text = page.read_text()
    shown = [words for line in lines(text) for words in commands(line)]
    spans = [f"{span} " for span in re.findall(r"`([^`\n]*mendlog [^`\n]*)`", BLOCK.sub("", text))]
    named = [words for span in spans for words in commands(span) if (*words,) not in NOT_TYPED]
    wrong = {
        " ".join(["mendlog", *words]): why
        for whole, found in ((True, shown), (False, named))
        for words in found
        if (why := complaint(words, whole=whole))
    }
    assert wrong == {}


def test_the_pages_show_commands() -> None:
    shown = [
        words for page in PAGES for line in lines(page.read_text()) for words in commands(line)
    ]
    assert len(shown) > 40


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("mendlog policy publish policy.yaml", "needs '--reason'"),
        ("$ X=1 .venv/bin/mendlog policy publish FILE|FOLDER --reason WHY [--yes]", ""),
        ("mendlog policy publish FILE --reasons WHY", "no such option"),
        ("mendlog policy import-alertmanager a.yml > policy.yaml", ""),
        ("mendlog policy import-alertmanager a.yml b.yml", "too much: b.yml"),
        ("mendlog policy imports", "no such command"),
        ("mendlog gateway & mendlog scrape &", "no such command"),
        ("mendlog policy", "says only its help"),
        ("mendlog reconcile --alertmanager URL --watch soon", "a valid integer"),
        ("mendlog reconcile --alertmanager URL --watch SECONDS --port 9105  # each minute", ""),
        ("mendlog replay --help", ""),
    ],
)
def test_what_cannot_be_typed_is_told(line: str, why: str) -> None:
    told = [complaint(words) for words in commands(line)]
    assert why.lower() in " ".join(told).lower()
    assert bool(why) == any(told)
