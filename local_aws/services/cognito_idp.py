# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cognito: no rule of AWS's, only moto's one signing key, which it reads anew for each user pool."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from moto.cognitoidp import models

_RSAKey = models.jwk.RSAKey


@functools.cache
def _read(text: str) -> Any:
    return _RSAKey.import_key(json.loads(text))


def _remembered(key: Mapping[str, Any]) -> Any:
    """The key, whose numbers take a tenth of a second to check, once."""
    return _read(json.dumps(key, sort_keys=True))


models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=_remembered))
