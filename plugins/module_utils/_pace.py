# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How often AWS lets an account call an API, and a pace that stays under it.

AWS answers what is too fast with a throttling error, and retrying those is slower and less certain than not causing
them. The rates are defaults for one account and region; `OpsModule` lets an operator whose quota is higher say so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

# Just under the published rate: at exactly 15/s a share of the calls is throttled, because AWS's clock is not ours.
MARGIN = 0.96

# Calls a second, for one account and region, by API family.
# lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, "Rate of control plane API requests"
#   (15, the sum over all calls but the ones named, not adjustable) and "Rate of GetFunction API requests" (100).
# dynamodb: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html, "API-specific limits".
# cloudwatch: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
# cloudtrail: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
# dynamodb, backups: botocore's text of each operation (CreateBackup, ListBackups, DescribeBackup, DeleteBackup,
#   DescribeContinuousBackups). UpdateContinuousBackups publishes none: that of its Describe.
# dynamodb, restores and tags: the same of RestoreTableFromBackup, TagResource, ListTagsOfResource;
#   RestoreTableToPointInTime publishes none: that of the other restore.
# application-autoscaling and backup publish no rate ("AWS throttles requests"): a cautious one of our own.
# s3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html, 3,500 writes and 5,500
#   reads a second of one prefix; each of the 1,000 keys of DeleteObjects is a write.
# cognito-idp: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html, "API operation categories and
#   request rate quotas": of all pools together, and of all operations of a category (see `CATEGORIES`) together.
# secretsmanager: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html, "API quotas": some are
#   of several operations together (see `CATEGORIES`).
# logs: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html, FilterLogEvents: the
#   least of all regions.
RATES: dict[str, float] = {
    "lambda": 15,
    "lambda:GetFunction": 100,
    "dynamodb:DescribeTable": 2500,
    "dynamodb:UpdateTable": 50,
    "dynamodb:CreateBackup": 50,
    "dynamodb:ListBackups": 5,
    "dynamodb:DescribeBackup": 10,
    "dynamodb:DeleteBackup": 10,
    "dynamodb:DescribeContinuousBackups": 10,
    "dynamodb:UpdateContinuousBackups": 10,
    "dynamodb:RestoreTableFromBackup": 10,
    "dynamodb:RestoreTableToPointInTime": 10,
    "dynamodb:TagResource": 5,
    "dynamodb:ListTagsOfResource": 10,
    "application-autoscaling": 20,
    "backup": 10,
    "cloudwatch:GetMetricData": 50,
    "cloudwatch:ListMetrics": 25,
    "cloudwatch:DescribeAlarms": 9,
    "cloudwatch:PutMetricAlarm": 3,
    "cloudwatch:DeleteAlarms": 3,
    "cloudtrail:LookupEvents": 2,
    "s3:CopyObject": 3500,
    "s3:UploadPartCopy": 3500,
    "s3:DeleteObjects": 3.5,
    "s3:HeadObject": 5500,
    "cognito-idp:UserCreation": 50,
    "cognito-idp:UserRead": 120,
    "cognito-idp:UserUpdate": 25,
    "cognito-idp:UserList": 30,
    "cognito-idp:UserResourceRead": 50,
    "cognito-idp:UserResourceUpdate": 25,
    "cognito-idp:UserPoolRead": 15,
    "cognito-idp:UserPoolResourceRead": 20,
    "cognito-idp:UserPoolResourceUpdate": 15,
    "cognito-idp:UserPoolClientRead": 15,
    "secretsmanager:ListSecrets": 100,
    "secretsmanager:ListSecretVersionIds": 50,
    "secretsmanager:GetRandomPassword": 50,
    "secretsmanager:CreateSecret": 50,
    "secretsmanager:Values": 50,
    "secretsmanager:Rotations": 50,
    "logs:FilterLogEvents": 5,
}

# Families that several operations share, where AWS has a rate for them together.
CATEGORIES: dict[str, str] = {
    "cognito-idp:AdminCreateUser": "cognito-idp:UserCreation",
    "cognito-idp:AdminGetUser": "cognito-idp:UserRead",
    "cognito-idp:AdminDeleteUser": "cognito-idp:UserUpdate",
    "cognito-idp:AdminDeleteUserAttributes": "cognito-idp:UserUpdate",
    "cognito-idp:AdminDisableUser": "cognito-idp:UserUpdate",
    "cognito-idp:AdminEnableUser": "cognito-idp:UserUpdate",
    "cognito-idp:AdminSetUserPassword": "cognito-idp:UserUpdate",
    "cognito-idp:AdminUpdateUserAttributes": "cognito-idp:UserUpdate",
    "cognito-idp:AdminUserGlobalSignOut": "cognito-idp:UserUpdate",
    "cognito-idp:ListUsers": "cognito-idp:UserList",
    "cognito-idp:ListUsersInGroup": "cognito-idp:UserList",
    "cognito-idp:AdminListGroupsForUser": "cognito-idp:UserResourceRead",
    "cognito-idp:AdminListUserAuthEvents": "cognito-idp:UserResourceRead",
    "cognito-idp:AdminAddUserToGroup": "cognito-idp:UserResourceUpdate",
    "cognito-idp:AdminRemoveUserFromGroup": "cognito-idp:UserResourceUpdate",
    "cognito-idp:DescribeUserPool": "cognito-idp:UserPoolRead",
    "cognito-idp:GetGroup": "cognito-idp:UserPoolResourceRead",
    "cognito-idp:ListGroups": "cognito-idp:UserPoolResourceRead",
    "cognito-idp:CreateGroup": "cognito-idp:UserPoolResourceUpdate",
    "cognito-idp:DeleteGroup": "cognito-idp:UserPoolResourceUpdate",
    "cognito-idp:UpdateGroup": "cognito-idp:UserPoolResourceUpdate",
    "cognito-idp:DescribeUserPoolClient": "cognito-idp:UserPoolClientRead",
    "cognito-idp:ListUserPoolClients": "cognito-idp:UserPoolClientRead",
    "secretsmanager:PutSecretValue": "secretsmanager:Values",
    "secretsmanager:UpdateSecretVersionStage": "secretsmanager:Values",
    "secretsmanager:RotateSecret": "secretsmanager:Rotations",
    "secretsmanager:CancelRotateSecret": "secretsmanager:Rotations",
}

# Seconds' worth of calls that may be sent at once after a rest. AWS publishes none, so it is small; for reads, whose
# throttling costs nothing but a retry, it is a whole second.
REST = 0.5
RESTS = {"lambda:GetFunction": 1.0}


class Bucket:
    """A token bucket: `rate` calls a second, and `rest` seconds' worth of them at once after a rest.

    Safe to use from several threads.
    """

    def __init__(self, rate: float, rest: float = REST, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / rate
        self._slack = max(0.0, rest - self._interval)
        self._clock = clock
        self._next = clock() - self._slack
        self._lock = threading.Lock()

    def reserve(self) -> float:
        """Take the next free place; the seconds to wait until it."""
        with self._lock:
            now = self._clock()
            place = max(self._next, now - self._slack)
            self._next = place + self._interval
            return max(0.0, place - now)


class Pace:
    """The buckets of one account and region.

    Args:
        rates: Calls a second by family, over the defaults of `RATES`.
        sleep: How to wait, in seconds.
    """

    def __init__(self, rates: Mapping[str, float] | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._buckets = {
            family: Bucket(rate * MARGIN, RESTS.get(family, REST))
            for family, rate in {**RATES, **(rates or {})}.items()
        }

    def wait(self, service: str, operation: str) -> None:
        """Return when the operation may be sent.

        An operation without a family of its own counts in its category, and without that in its service's.
        """
        action = f"{service}:{operation}"
        families = (action, CATEGORIES.get(action, ""), service)
        bucket = next((self._buckets[family] for family in families if family in self._buckets), None)
        if bucket and (pause := bucket.reserve()):
            self._sleep(pause)
