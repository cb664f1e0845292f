# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.small_lambda import SmallAws, SmallFunction

from ansible_collections.runbook.aws.plugins.module_utils._lambda import (
    fetch_account,
    fetch_all_autoscaling,
    read_function,
    read_targets,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target
from ansible_collections.runbook.aws.plugins.modules import lambda_concurrency, lambda_concurrency_info


def test_the_spec_reads_every_function_when_none_is_named() -> None:
    checked = ArgumentSpecValidator(lambda_concurrency_info.SPEC).validate({})
    defaults = {"functions": None, "name_pattern": "*", "provisioned": False, "usage_seconds": 0}
    assert checked.validated_parameters == defaults


def test_what_is_shown_of_many_functions_passes_the_spec_of_the_module_that_sets_it() -> None:
    aws = SmallAws({f"f{n}": SmallFunction(n or None, provisioned={"live": (n, "READY")}) for n in range(30)})
    scaling = fetch_all_autoscaling(aws)
    shown = [read_function(aws, Target(name, name), scaling)["function"] for name in aws.functions]
    checked = ArgumentSpecValidator(lambda_concurrency.SPEC).validate({"functions": shown})
    assert checked.error_messages == []
    assert [target.name for target in read_targets(checked.validated_parameters["functions"])] == list(aws.functions)
    assert aws.counts == {
        "DescribeScalableTargets": 1,
        "GetFunction": 30,
        "ListProvisionedConcurrencyConfigs": 30,
    }


def test_the_accounts_totals_take_one_call() -> None:
    aws = SmallAws({"a": SmallFunction(300), "b": SmallFunction()}, limit=1000)
    account = fetch_account(aws, ())
    assert (account.limit, account.unreserved) == (1000, 700)
    assert aws.counts == {"GetAccountSettings": 1}
