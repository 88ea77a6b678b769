"""Http: does an address answer as it should? A smoke test from outside the pods."""

from collections.abc import Mapping

from remediators.core.page import NoPage, Page
from remediators.core.parameters import whole
from remediators.probes.sight import Sight, Verdict, untold
from remediators.probes.timeout import timeout_ms

STATUS = 200


async def probe(parameters: Mapping[str, str], sight: Sight) -> Verdict:
    page = await sight.outlook.pages.get(parameters["url"], timeout_ms(parameters))
    if isinstance(page, NoPage):
        return untold(page.why)
    return judged(page, whole(parameters.get("status", "")) or STATUS, parameters.get("contains"))


def judged(page: Page, status: int, contains: str | None) -> Verdict:
    """A wrong status is certain however the body ends; all else needs the whole of it."""
    if page.status != status:
        return Verdict(False, f"answered {page.status}, not {status}")
    if page.cut:
        return untold(page.cut)
    if contains is None:
        return Verdict(True, f"answered {status}")
    try:
        found = contains in page.body.decode()
    except UnicodeDecodeError:
        return untold("the answer is not UTF-8")
    return Verdict(found, f"answered {status}, {'with' if found else 'without'} the text")
