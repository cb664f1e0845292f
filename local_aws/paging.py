# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pages of a list, for operations that moto answers whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from local_aws.protocol import AwsError

T = TypeVar("T")


def page(items: Sequence[T], token: str | None, limit: int | None, most: int) -> tuple[list[T], str | None]:
    """One page and the token of the next. `most` is the API's own largest page; a token that is none is refused."""
    try:
        start = int(token or 0)
    except ValueError:
        raise AwsError("ValidationException", "Invalid pagination token") from None
    end = start + max(1, min(limit or most, most))
    return list(items[start:end]), str(end) if end < len(items) else None
