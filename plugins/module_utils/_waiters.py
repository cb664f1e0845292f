# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""States that AWS takes time to reach, in botocore's own waiter language.

Each entry is data: the operation to poll and the answers that mean success or failure, as in botocore's
`waiters-2.json` files.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# botocore brings it; AnsibleAWSModule reports a missing botocore.
with suppress(ImportError):
    import jmespath


@dataclass(frozen=True)
class Waiter:
    """One state to wait for.

    Attributes:
        service: boto3's service name.
        model: A waiter of botocore's waiter model, version 2.
        what: What the failure is called, for example "Provisioned concurrency".
        reason: JMESPath of AWS's reason in an answer that means failure.
        way_out: What the operator can do about a failure.
    """

    service: str
    model: Mapping[str, Any]
    what: str
    reason: str = "''"
    way_out: str = ""

    def failure(self, answer: Mapping[str, Any]) -> str:
        """What to tell the operator of an answer that means failure."""
        reason = str(jmespath.search(self.reason, answer) or "AWS gives no reason").rstrip(".")
        said = f"{self.what} failed: {reason}."
        return f"{said} {self.way_out}".strip()


def _poll(operation: str, *, success: str, failure: str) -> dict[str, Any]:
    """A waiter model: the operation to poll, and two JMESPath conditions on its answer."""
    return {
        "operation": operation,
        "delay": 5,
        "maxAttempts": 1,
        "acceptors": [
            {"state": "success", "matcher": "path", "argument": success, "expected": True},
            {"state": "failure", "matcher": "path", "argument": failure, "expected": True},
        ],
    }


WAITERS: dict[str, Waiter] = {
    # https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html, Status and StatusReason
    "provisioned_concurrency_ready": Waiter(
        service="lambda",
        what="Provisioned concurrency",
        reason="StatusReason",
        way_out="Its log says why it can not start; mend that and run the same task again, or take it back.",
        model=_poll("GetProvisionedConcurrencyConfig", success="Status == 'READY'", failure="Status == 'FAILED'"),
    ),
    # botocore's own FunctionUpdatedV2 and, for a version, FunctionActiveV2 (lambda/2015-03-31/waiters-2.json). "Lambda
    # aborts the update and the function's previous code and configuration remain available":
    # https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    "function_updated": Waiter(
        service="lambda",
        what="The update of the function",
        reason="Configuration.LastUpdateStatusReason",
        way_out="Its calls go on with the former code and settings. Mend the reason and run the same task again.",
        model=_poll(
            "GetFunction",
            success="Configuration.LastUpdateStatus == 'Successful'",
            failure="Configuration.LastUpdateStatus == 'Failed'",
        ),
    ),
    "version_active": Waiter(
        service="lambda",
        what="Preparing the published version",
        reason="Configuration.StateReason",
        way_out="No alias was moved to it. Mend the reason and run the same task again.",
        model=_poll(
            "GetFunction",
            success="Configuration.State == 'Active'",
            failure="Configuration.State == 'Failed'",
        ),
    ),
    # AWS itself weighs an alias with provisioned concurrency while it moves it:
    # https://github.com/hashicorp/terraform-provider-aws/pull/48116
    "alias_moved": Waiter(
        service="lambda",
        what="Moving the alias",
        model=_poll(
            "GetAlias",
            success="length(keys(RoutingConfig.AdditionalVersionWeights || `{}`)) == `0`",
            failure="`false`",
        ),
    ),
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html, TableStatus; an index
    # goes through UPDATING too, and a table with such an index refuses the next change.
    "table_active": Waiter(
        service="dynamodb",
        what="The change of the table",
        reason="Table.TableStatus",
        model=_poll(
            "DescribeTable",
            success="Table.TableStatus == 'ACTIVE'"
            " && length(Table.GlobalSecondaryIndexes[?IndexStatus != 'ACTIVE'] || `[]`) == `0`",
            failure="contains(['DELETING', 'ARCHIVING', 'ARCHIVED', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'],"
            " Table.TableStatus)",
        ),
    ),
    # The same page; until the table is there, DescribeTable answers ResourceNotFoundException, as botocore's own waiter
    # TableExists (dynamodb/2012-08-10/waiters-2.json) expects.
    "table_exists": Waiter(
        service="dynamodb",
        what="Making the table",
        reason="Table.TableStatus",
        model={
            "operation": "DescribeTable",
            "delay": 5,
            "maxAttempts": 1,
            "acceptors": [
                {"state": "success", "matcher": "path", "argument": "Table.TableStatus", "expected": "ACTIVE"},
                {"state": "retry", "matcher": "error", "expected": "ResourceNotFoundException"},
            ],
        },
    ),
    # A restore: the same pages; RestoreSummary.RestoreInProgress, and the indexes are made after the table.
    "table_restored": Waiter(
        service="dynamodb",
        what="The restore",
        reason="Table.TableStatus",
        way_out="Look at the table's key and at CloudTrail's events of DynamoDB, and remove the table with state: absent.",
        model={
            "operation": "DescribeTable",
            "delay": 5,
            "maxAttempts": 1,
            "acceptors": [
                {
                    "state": "success",
                    "matcher": "path",
                    "argument": "Table.TableStatus == 'ACTIVE' && !(Table.RestoreSummary.RestoreInProgress)"
                    " && length(Table.GlobalSecondaryIndexes[?IndexStatus != 'ACTIVE'] || `[]`) == `0`",
                    "expected": True,
                },
                {
                    "state": "failure",
                    "matcher": "path",
                    "argument": "contains(['DELETING', 'ARCHIVING', 'ARCHIVED', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'],"
                    " Table.TableStatus)",
                    "expected": True,
                },
                {"state": "retry", "matcher": "error", "expected": "ResourceNotFoundException"},
            ],
        },
    ),
    # As botocore's own waiter TableNotExists.
    "table_removed": Waiter(
        service="dynamodb",
        what="Deleting the table",
        model={
            "operation": "DescribeTable",
            "delay": 5,
            "maxAttempts": 1,
            "acceptors": [{"state": "success", "matcher": "error", "expected": "ResourceNotFoundException"}],
        },
    ),
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContributorInsights.html
    "contributor_insights_enabled": Waiter(
        service="dynamodb",
        what="Contributor insights",
        reason="FailureException.ExceptionDescription",
        way_out="The number of rules of the account may be used up: disable insights that nobody reads.",
        model=_poll(
            "DescribeContributorInsights",
            success="ContributorInsightsStatus == 'ENABLED'",
            failure="ContributorInsightsStatus == 'FAILED'",
        ),
    ),
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_KinesisDataStreamDestination.html
    "kinesis_streaming": Waiter(
        service="dynamodb",
        what="Streaming to Kinesis",
        reason="KinesisDataStreamDestinations[?DestinationStatus == 'ENABLE_FAILED'].DestinationStatusDescription | [0]",
        way_out="Check that the stream is ACTIVE and may be written to.",
        model=_poll(
            "DescribeKinesisStreamingDestination",
            success="length(KinesisDataStreamDestinations[?DestinationStatus == 'ACTIVE']) > `0`"
            " && length(KinesisDataStreamDestinations[?DestinationStatus == 'ENABLING']) == `0`",
            failure="contains(KinesisDataStreamDestinations[].DestinationStatus, 'ENABLE_FAILED')",
        ),
    ),
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BackupDetails.html, BackupStatus
    "backup_available": Waiter(
        service="dynamodb",
        what="The backup",
        reason="BackupDescription.BackupDetails.BackupStatus",
        way_out="It was deleted before it was complete: run the same task again to make it anew.",
        model=_poll(
            "DescribeBackup",
            success="BackupDescription.BackupDetails.BackupStatus == 'AVAILABLE'",
            failure="BackupDescription.BackupDetails.BackupStatus == 'DELETED'",
        ),
    ),
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ContinuousBackupsDescription.html. AWS enables
    # continuous backups on every table when it is made, but DISABLED is shown for some seconds, and until then a backup
    # is refused as well as point-in-time recovery: https://github.com/scalar-labs/scalardb/pull/347.
    "continuous_backups_enabled": Waiter(
        service="dynamodb",
        what="Enabling continuous backups",
        model=_poll(
            "DescribeContinuousBackups",
            success="ContinuousBackupsDescription.ContinuousBackupsStatus == 'ENABLED'",
            failure="`false`",
        ),
    ),
    # https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html, State
    "event_source_settled": Waiter(
        service="lambda",
        what="The change of the event source mapping",
        reason="StateTransitionReason",
        model=_poll(
            "GetEventSourceMapping",
            success="contains(['Enabled', 'Disabled'], State)",
            failure="State == 'Deleting'",
        ),
    ),
    # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html, DeletedDate; where the labels
    # are is what `Settle.until` asks for.
    "secret_described": Waiter(
        service="secretsmanager",
        what="The change of the secret",
        reason="'it was scheduled for deletion meanwhile'",
        way_out="Bring it back (aws secretsmanager restore-secret) and run the same task again.",
        model=_poll("DescribeSecret", success="DeletedDate == `null`", failure="DeletedDate != `null`"),
    ),
}
