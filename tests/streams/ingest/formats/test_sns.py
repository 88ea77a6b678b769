"""What CloudWatch sends by SNS, beyond what is recorded in the corpus."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import NO_DATA, AlertStatus, Sighting
from streams.ingest.formats.parsed import Parsed
from streams.ingest.formats.sns import sns
from tests.streams.ingest.payloads import FIXTURES, RECEIVED_MS

FIRES, RESOLVES, UNKNOWN = "fires", "resolves", "insufficient-data"


def parse(body: bytes) -> Parsed:
    return sns.parse(body, "aws", RECEIVED_MS)


def case(name: str) -> Parsed:
    return parse((FIXTURES / "sns" / f"{name}.json").read_bytes())


def message(**fields: Any) -> dict[str, Any]:
    """The alarm of the fixture; a field given as ... is left out."""
    sent = json.loads((FIXTURES / "sns" / "fires.json").read_bytes())["Message"]
    whole = {**json.loads(sent), **fields}
    return {name: value for name, value in whole.items() if value is not ...}


def enveloped(text: Any) -> bytes:
    sent = text if isinstance(text, str) else json.dumps(text)
    return json.dumps({"Type": "Notification", "Message": sent}).encode()


def firing(parsed: Parsed) -> Sighting:
    [one] = [seen for seen in parsed.sightings if seen.status is AlertStatus.FIRING]
    return one


def test_sns_says_of_its_json_that_it_is_text() -> None:
    assert "text/plain" in sns.media_types


def test_the_end_of_an_alarm_is_of_the_alert_that_began() -> None:
    began, ended = firing(case(FIRES)), case(RESOLVES).sightings
    assert began.fingerprint in {seen.fingerprint for seen in ended}
    assert all(seen.status is AlertStatus.RESOLVED for seen in ended)
    assert all(seen.starts_at_ms > began.starts_at_ms for seen in ended)


def test_an_alarm_without_data_has_not_ended() -> None:
    began, [unknown] = firing(case(FIRES)), case(UNKNOWN).sightings
    assert unknown.status is AlertStatus.FIRING
    assert unknown.labels[NO_DATA]
    assert unknown.fingerprint != began.fingerprint


@pytest.mark.parametrize("name", [FIRES, RESOLVES])
def test_data_that_came_back_end_the_alert_that_there_were_none(name: str) -> None:
    [unknown] = case(UNKNOWN).sightings
    told = {seen.fingerprint: seen.status for seen in case(name).sightings}
    assert told[unknown.fingerprint] is AlertStatus.RESOLVED


def test_each_series_of_an_alarm_is_an_alert_and_the_alarm_one_besides() -> None:
    whole, one = firing(case("several-series")), firing(case("contributor-fires"))
    other = firing(parse(enveloped(message(AlarmContributorId="other"))))
    assert len({whole.fingerprint, one.fingerprint, other.fingerprint}) == 3
    ended = case("contributor-resolves").sightings
    assert one.fingerprint in {seen.fingerprint for seen in ended}
    assert whole.fingerprint not in {seen.fingerprint for seen in ended}


def test_a_series_is_not_taken_for_an_alarm_whose_name_is_its_alarms_and_its_own() -> None:
    arn = "arn:aws:cloudwatch:us-east-1:1:alarm:a"
    series = firing(parse(enveloped(message(AlarmArn=arn, AlarmContributorId="b"))))
    alarm = firing(parse(enveloped(message(AlarmArn=f"{arn} b"))))
    assert series.fingerprint != alarm.fingerprint


@pytest.mark.parametrize(
    "trigger",
    [
        None,
        ...,
        {},
        {"Dimensions": None, "Metrics": None},
        {"Metrics": [{"Expression": "1", "ReturnData": "True"}]},
        {"MetricName": "m", "Dimensions": []},
    ],
)
def test_an_alarm_needs_no_metric_and_no_dimension(trigger: Any) -> None:
    seen = firing(parse(enveloped(message(Trigger=trigger, AlarmDescription=None))))
    assert seen.labels["alertname"] == "ServerCpuTooHigh"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"NewStateValue": 1}, "Message.NewStateValue: Expected `str | null`, got `int`"),
        ({"NewStateValue": "Ok"}, "Message.NewStateValue: none that is known: 'Ok'"),
        ({"AlarmArn": ...}, "Message.AlarmArn: no ARN of an alarm: ''"),
        ({"AlarmArn": "arn:aws:sns:us-east-1:1:x"}, "Message.AlarmArn: no ARN"),
        ({"AlarmArn": "arn:aws:cloudwatch:a/../b:1:alarm:x"}, "Message.AlarmArn: no ARN"),
        ({"StateChangeTime": "2026-11-01T10:00:07"}, "Message.StateChangeTime: without"),
        ({"AlarmName": ...}, "Message: no alarm of CloudWatch"),
        ({"Trigger": {"Dimensions": [{"name": "a"}]}}, "Message.value: missing"),
        ({"Trigger": 7}, "Message.Trigger: Expected `object | null`"),
    ],
)
def test_a_field_that_is_wrong_is_named(fields: dict[str, Any], fault: str) -> None:
    parsed = parse(enveloped(message(**fields)))
    assert [str(found)[: len(fault)] for found in parsed.faults] == [fault]


@pytest.mark.parametrize("text", ["", "hello", "[]", "null", '{"AlarmName":"a"}', '"\\ud800"'])
def test_a_message_that_is_no_alarm_is_refused_as_that(text: str) -> None:
    [fault] = parse(enveloped(text)).faults
    assert fault.where == "Message"


def test_an_alarm_without_its_envelope_is_refused_with_the_reason() -> None:
    [fault] = parse(json.dumps(message()).encode()).faults
    assert "raw message delivery" in fault.why


DIMENSIONS = st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=8), max_size=5)


@given(DIMENSIONS, st.sampled_from(["AWS/EC2", "ContainerInsights", ""]), st.text(max_size=9))
def test_whatever_its_dimensions_an_alarm_ends_and_has_no_place_but_of_kubernetes(
    dimensions: dict[str, str], namespace: str, name: str
) -> None:
    trigger = {
        "MetricName": "m",
        "Namespace": namespace,
        "Dimensions": [{"name": name, "value": value} for name, value in dimensions.items()],
    }
    arn = f"arn:aws:cloudwatch:eu-west-1:1:alarm:{name}x"
    sent = [message(Trigger=trigger, AlarmArn=arn, NewStateValue=now) for now in ("ALARM", "OK")]
    told = [parse(enveloped(one)) for one in sent]
    if told[0].faults:  # A sign that labels may not hold.
        return
    began = firing(told[0])
    assert began.fingerprint in {seen.fingerprint for seen in told[1].sightings}
    assert namespace == "ContainerInsights" or not {"cluster", "pod", "node"} & set(began.labels)
