# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Holds planned calls against botocore's own service models: a misspelt argument is found without AWS."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from ansible_collections.runbook.aws.plugins.module_utils._plan import Call
from ansible_collections.runbook.aws.plugins.module_utils._waiters import WAITERS


@cache
def _service(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def assert_valid(calls: Call | Iterable[Call]) -> None:
    """Every call, and what it waits for, is one that botocore would send.

    Raises:
        AssertionError: with botocore's own words.
    """
    for call in [calls] if isinstance(calls, Call) else calls:
        _assert_arguments(call.service, call.operation, dict(call.arguments))
        if call.settle:
            waiter = WAITERS[call.settle.waiter]
            _assert_arguments(waiter.service, waiter.model["operation"], dict(call.settle.arguments))


def _assert_arguments(service: str, operation: str, arguments: dict[str, object]) -> None:
    shape = _service(service).operation_model(operation).input_shape
    report = ParamValidator().validate(arguments, shape)
    assert not report.has_errors(), f"{service}:{operation} {arguments}: {report.generate_report()}"
