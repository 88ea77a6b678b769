"""A webhook that leaves alerts out -> the question for all of its group, and what is made of the
answer: a webhook that leaves none out.

In its list Alertmanager says when each alert would end if nobody repeated it. In a webhook it does
not, and tells of the end when it comes; nor is anything said of it here.
"""

import re
from collections.abc import Sequence

import msgspec

from streams.ingest.alertmanager.client import Asked
from streams.ingest.formats.alert_json import UNREADABLE
from streams.policy.matchers import matcher

LABELS_MAX = 128
QUESTION_LENGTH_MAX = 16 * 1024
_NO_MATTER = b"null"
_NOTIFIED = (("active", "true"), ("silenced", "false"), ("inhibited", "false"))
_ALWAYS = (*_NOTIFIED, ("unprocessed", "false"))


class _Hook(msgspec.Struct, rename="camel"):
    receiver: str
    group_labels: dict[str, str]


class _Listed(msgspec.Struct, rename="camel"):
    labels: msgspec.Raw
    annotations: msgspec.Raw = msgspec.Raw(_NO_MATTER)
    starts_at: msgspec.Raw = msgspec.Raw(_NO_MATTER)


class _Told(msgspec.Struct, rename="camel"):
    labels: msgspec.Raw
    annotations: msgspec.Raw
    starts_at: msgspec.Raw
    status: str = "firing"
    ends_at: str = "0001-01-01T00:00:00Z"


_hook = msgspec.json.Decoder(_Hook)
_listed = msgspec.json.Decoder(_Listed)
_encode = msgspec.json.Encoder().encode


def question(body: bytes) -> Asked:
    """For every alert of the webhook's group. Raises ValueError where it does not say which."""
    try:
        hook = _hook.decode(body)
    except UNREADABLE as error:
        raise ValueError(f"the delivery does not tell its group: {error}") from None
    filters = [str(matcher(name, "=", text)) for name, text in sorted(hook.group_labels.items())]
    size = len(hook.receiver) + sum(map(len, filters))
    if not hook.receiver or len(filters) > LABELS_MAX or size > QUESTION_LENGTH_MAX:
        raise ValueError("the delivery's group cannot be asked for")
    asked = [*_ALWAYS, ("receiver", re.escape(hook.receiver))]
    return [*asked, *(("filter", text) for text in filters)]


def webhook(answer: Sequence[bytes]) -> bytes:
    """Raises ValueError for what is no list of alerts."""
    told = [_listed.decode(raw) for raw in answer]
    alerts = [_Told(one.labels, one.annotations, one.starts_at) for one in told]
    return _encode({"version": "4", "status": "firing", "alerts": alerts})
