# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudTrail's event history: what the recorder saw, as LookupEvents shows it. moto has no LookupEvents."""

from __future__ import annotations

import datetime
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from local_aws.accounts import Record
from local_aws.paging import page
from local_aws.protocol import service_model
from local_aws.rules import AwsError, Call, Result, rule

_LARGEST_PAGE = 50
_HISTORY_SECONDS = 90 * 86_400
# Data events are not in the event history:
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
_DATA_EVENTS = {
    "s3": re.compile(r".*Object.*|.*Upload.*|.*Part$"),
    "dynamodb": re.compile(r".*Item.*|Query|Scan|.*Statement|.*Transaction"),
    "lambda": re.compile(r"Invoke.*"),
    "cloudwatch": re.compile(r"PutMetricData|GetMetric.*|ListMetrics"),
    "logs": re.compile(r"PutLogEvents|GetLogEvents|FilterLogEvents"),
    "sqs": re.compile(r".*Message.*"),
    "sns": re.compile(r"Publish.*"),
}
# "The eventName might include date and version information": GetFunction appears as GetFunction20150331v2.
# https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
_LAMBDA_V2 = {"GetFunction", "GetFunctionConfiguration", "UpdateFunctionConfiguration", "UpdateFunctionCode"}
_RESOURCES = {
    "TableName": "AWS::DynamoDB::Table",
    "FunctionName": "AWS::Lambda::Function",
    "Bucket": "AWS::S3::Bucket",
    "StackName": "AWS::CloudFormation::Stack",
    "SecretId": "AWS::SecretsManager::Secret",
    "UserPoolId": "AWS::Cognito::UserPool",
    "RoleName": "AWS::IAM::Role",
    "UserName": "AWS::IAM::User",
    "logGroupName": "AWS::Logs::LogGroup",
    "AlarmName": "AWS::CloudWatch::Alarm",
    "GroupId": "AWS::EC2::SecurityGroup",
}


def _event_name(record: Record) -> str:
    if record.service != "lambda":
        return record.operation
    path = service_model("lambda").operation_model(record.operation).http.get("requestUri", "")
    found = re.match(r"/(\d{4})-(\d\d)-(\d\d)/", path)
    version = "v2" if record.operation in _LAMBDA_V2 else ""
    return f"{record.operation}{''.join(found.groups()) if found else ''}{version}"


def _event_source(service: str) -> str:
    return f"{service_model(service).metadata.get('endpointPrefix', service).split('.')[-1]}.amazonaws.com"


def _lower(value: Any) -> Any:
    """Request parameters begin in lower case in an event."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _lower(item) for key, item in value.items()}
    return [_lower(item) for item in value] if isinstance(value, list) else value


def _identity(record: Record) -> Result:
    user = record.principal.rsplit("/", 1)[-1]
    identity: Result = {"arn": record.principal, "accountId": record.account, "accessKeyId": record.access_key}
    if ":assumed-role/" in record.principal:
        role = record.principal.split("/")[-2]
        issuer = {
            "type": "Role",
            "arn": f"arn:aws:iam::{record.account}:role/{role}",
            "accountId": record.account,
            "userName": role,
        }
        return {"type": "AssumedRole", **identity, "sessionContext": {"sessionIssuer": issuer}}
    return {"type": "IAMUser", **identity, "userName": user}


def _service_event(record: Record) -> Result:
    """What differs in an event of the service itself: no caller, no request.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/non-api-aws-service-events.html
    """
    service = _event_source(record.service)
    return {
        "eventType": "AwsServiceEvent",
        "userIdentity": {"accountId": record.account, "invokedBy": service},
        "sourceIPAddress": service,
        "userAgent": service,
        "requestParameters": None,
        **({"errorMessage": record.message} if record.message else {}),
        **(record.event or {}),
    }


def _event(record: Record) -> Result:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html"""
    identifier = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{record.account}/{record.n}"))
    when = datetime.datetime.fromtimestamp(int(record.time), tz=datetime.UTC)
    name, source = _event_name(record), _event_source(record.service)
    body: Result = {
        "eventVersion": "1.11",
        "userIdentity": _identity(record),
        "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": source,
        "eventName": name,
        "awsRegion": record.region,
        "sourceIPAddress": record.source_ip,
        "userAgent": record.user_agent,
        "requestParameters": _lower(dict(record.arguments)) or None,
        "responseElements": None,
        "eventID": identifier,
        "readOnly": not record.mutating,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": record.account,
        "eventCategory": "Management",
    }
    if record.error:
        body |= {"errorCode": record.error, "errorMessage": record.message}
    if record.event is not None:
        body |= _service_event(record)
    resources = [
        {"ResourceType": kind, "ResourceName": str(record.arguments[argument])}
        for argument, kind in _RESOURCES.items()
        if isinstance(record.arguments.get(argument), str)
    ]
    return {
        "EventId": identifier,
        "EventName": name,
        "ReadOnly": "false" if record.mutating else "true",
        "AccessKeyId": record.access_key,
        "EventTime": when,
        "EventSource": source,
        "Username": record.principal.rsplit("/", 1)[-1],
        "Resources": resources,
        "CloudTrailEvent": json.dumps(body),
    }


def _matches(event: Result, key: str, value: str) -> bool:
    if key in ("ResourceName", "ResourceType"):
        return any(resource[key] == value for resource in event["Resources"])
    return bool(event[key] == value)


@rule("cloudtrail", "LookupEvents")
def lookup_events(call: Call) -> Result:
    """Management events of the last 90 days in this region, newest first, by one attribute, 50 a page.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    """
    arguments = call.arguments
    attributes = arguments.get("LookupAttributes") or []
    if len(attributes) > 1:
        raise AwsError("InvalidLookupAttributesException", "You can only specify one lookup attribute.", 400)
    asked = int(arguments.get("MaxResults") or _LARGEST_PAGE)
    if not 1 <= asked <= _LARGEST_PAGE:
        raise AwsError("InvalidMaxResultsException", f"A limit of {asked} is not between 1 and {_LARGEST_PAGE}.", 400)
    now = call.account.now()
    start = arguments["StartTime"].timestamp() if arguments.get("StartTime") else 0.0
    end = arguments["EndTime"].timestamp() if arguments.get("EndTime") else now
    if start > end:
        raise AwsError("InvalidTimeRangeException", "The start time must be before the end time.", 400)
    start = max(start, now - _HISTORY_SECONDS)
    events = []
    for record in reversed(call.account.records):
        data = _DATA_EVENTS.get(record.service)
        if (
            record.region != call.region
            or not int(start) <= int(record.time) <= end
            or record.error == "ConnectionDropped"
        ):
            continue
        if data is not None and data.fullmatch(record.operation):
            continue
        event = _event(record)
        if all(_matches(event, item["AttributeKey"], item["AttributeValue"]) for item in attributes):
            events.append(event)
    shown, following = page(events, arguments.get("NextToken"), asked, _LARGEST_PAGE)
    return {"Events": shown, "NextToken": following} if following else {"Events": shown}
