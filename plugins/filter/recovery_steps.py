# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the modules have to do to fill a recovered environment from a backup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
name: recovery_steps
short_description: What fills a recovered environment from a backup, as options of modules
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - The stacks of a recovered environment own their tables and buckets, which are empty. Items are restored beside the tables,
    compared and copied into them, and what was restored on the way is removed. Objects are copied from their copies, in
    the versions that the backup's snapshots name.
  - What the recovered stacks have not made is left out; it is for the caller to say so.
options:
  _input:
    description: The manifest of a backup, as the role P(runbook.aws.backup#role) saves it.
    type: dict
    required: true
  names:
    description: Names of recovered things by names of saved ones, see P(runbook.aws.recovered_names#filter).
    type: dict
    required: true
  tables_from:
    description: V(backup), the backups of the manifest; or V(latest), the last point in time of tables that are still there.
    type: str
    choices: [backup, latest]
    default: backup
  newest_by:
    description: The attribute that tells when an item was written, by the table's short name.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Restore beside the recovered tables
  runbook.aws.dynamodb_restore:
    tables: "{{ (manifest | runbook.aws.recovery_steps(names)).restores }}"
"""

RETURN = r"""
_value:
  description:
    - C(restores) and C(removals), elements of M(runbook.aws.dynamodb_restore); C(copies), of M(runbook.aws.dynamodb_copy);
      C(comparisons) of what was restored with the recovered tables, and C(production) of the saved tables with them, of
      M(runbook.aws.dynamodb_compare); C(objects), of M(runbook.aws.s3_copy).
  type: dict
"""


def recovery_steps(
    manifest: Mapping[str, Any],
    names: Mapping[str, str],
    tables_from: str = "backup",
    newest_by: Mapping[str, str] | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """See DOCUMENTATION."""
    tables = [(table, names[table["table"]]) for table in manifest["tables"] if table["table"] in names]
    beside = {recovered: f"{recovered}-restoring" for _table, recovered in tables}
    shorts = {physical: short for short, physical in manifest.get("names", {}).get("tables", {}).items()}
    clocks = {table["table"]: (newest_by or {}).get(shorts.get(table["table"], "")) for table, _recovered in tables}
    restores: list[dict[str, Any]] = [
        {
            "source": table["table"],
            "target": beside[recovered],
            "restore_from": {"time": "latest"} if tables_from == "latest" else {"backup": table["arn"]},
            # Nobody uses it, so nothing of what the source has is put back, and nothing throttles the copying.
            "settings": {},
            "billing_mode": "PAY_PER_REQUEST",
        }
        for table, recovered in tables
    ]
    return {
        "restores": restores,
        "copies": [
            # What is in it is of an earlier run that failed, so there is nothing to keep.
            {"source": beside[recovered], "target": recovered, "delete_extra": True, "without_export": True}
            for _table, recovered in tables
        ],
        "comparisons": [{"source": beside[recovered], "target": recovered} for _table, recovered in tables],
        "production": [
            {
                "source": table["table"],
                "target": recovered,
                **({"newest_by": clocks[table["table"]]} if clocks[table["table"]] else {}),
            }
            for table, recovered in tables
        ],
        "removals": [
            {"source": table["table"], "target": beside[recovered], "state": "absent"} for table, recovered in tables
        ],
        "objects": [
            {
                # The snapshot names the versions of this backup; later backups copied others onto them.
                "source": {**copy["target"], "snapshot": copy["snapshot"]},
                "target": {"bucket": names[copy["source"]["bucket"]], "prefix": copy["source"]["prefix"]},
            }
            for copy in manifest["buckets"]
            if copy["source"]["bucket"] in names
        ],
    }


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"recovery_steps": recovery_steps}
