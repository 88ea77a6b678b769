"""Results as JUnit's XML, which every CI server shows."""

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as xml

from streams.desk.run import Result


def junit(results: Mapping[str, Iterable[Result]]) -> str:
    """By file."""
    root = xml.Element("testsuites")
    for file, told in results.items():
        cases = list(told)
        failed = sum(result.failure is not None for result in cases)
        suite = xml.SubElement(
            root, "testsuite", name=file, tests=str(len(cases)), failures=str(failed)
        )
        for result in cases:
            _case(suite, file, result)
    xml.indent(root)
    return xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: xml.Element, file: str, result: Result) -> None:
    story = result.story
    case = xml.SubElement(
        suite, "testcase", classname=_xml(file), name=_xml(story.name), line=str(story.line)
    )
    if failure := result.failure:
        told = xml.SubElement(case, "failure", message=_xml("; ".join(failure.why)))
        timeline = "\n".join(str(line) for line in result.timeline)
        told.text = _xml(f"{file}:{failure.line}\n{timeline}")


def _xml(text: str) -> str:
    """XML has no way to say most control characters."""
    return "".join(
        c if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff") else "?" for c in text
    )
