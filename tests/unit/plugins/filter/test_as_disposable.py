# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.runbook.aws.plugins.filter.as_disposable import FilterModule, as_disposable

YAML = """Resources:
  Sessions:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: "RetainExceptOnCreate"
    Properties:
      TableName: !Sub sessions-${Environment}
      DeletionProtectionEnabled: true
"""


def test_a_mapping_loses_what_would_stay() -> None:
    template = {
        "Parameters": {"DeletionPolicy": {"Type": "String"}},
        "Resources": {
            "Sessions": {
                "Type": "AWS::DynamoDB::Table",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {"TableName": "sessions", "DeletionProtectionEnabled": True},
            },
            "Role": {"Type": "AWS::IAM::Role"},
        },
    }
    assert as_disposable(template) == {
        "Parameters": {"DeletionPolicy": {"Type": "String"}},
        "Resources": {
            "Sessions": {
                "Type": "AWS::DynamoDB::Table",
                "DeletionPolicy": "Delete",
                "UpdateReplacePolicy": "Delete",
                "Properties": {"TableName": "sessions", "DeletionProtectionEnabled": False},
            },
            "Role": {"Type": "AWS::IAM::Role"},
        },
    }
    assert template["Resources"]["Sessions"]["DeletionPolicy"] == "Retain"


def test_text_loses_it_and_keeps_the_rest() -> None:
    assert as_disposable(YAML) == YAML.replace("Retain\n", "Delete\n", 1).replace(
        '"RetainExceptOnCreate"', "Delete"
    ).replace("DeletionProtectionEnabled: true", "DeletionProtectionEnabled: false")


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"as_disposable": as_disposable}
