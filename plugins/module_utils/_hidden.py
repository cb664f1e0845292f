# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How values that are secret are kept out of what is told. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

# A value shorter than this says nothing, and would be found in half of all words.
SHORTEST_HIDDEN = 4

_HIDDEN = "(hidden)"


def without(text: str, values: Iterable[str]) -> str:
    """A text without any of the values, also where they are written as in JSON, in Python or in an address."""
    hidden = {
        form
        for value in values
        for form in (value, json.dumps(value)[1:-1], repr(value)[1:-1], quote(value), quote(value, safe=""))
        if len(value) >= SHORTEST_HIDDEN
    }
    for form in sorted(hidden, key=len, reverse=True):
        text = text.replace(form, _HIDDEN)
    return text


def told_by(values: Iterable[str], shown: Any) -> bool:
    """Whether one of the values is part of any text or number that is shown."""
    if isinstance(shown, Mapping):
        return any(told_by(values, item) for item in shown.values())
    if isinstance(shown, list | tuple):
        return any(told_by(values, item) for item in shown)
    return any(value in str(shown) for value in values)
