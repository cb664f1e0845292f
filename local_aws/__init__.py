# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS: moto in one process of our own, with the AWS rules that moto lacks and a reference application."""

from __future__ import annotations

from pathlib import Path

DEFAULT_DIRECTORY = (Path(__file__).resolve().parent.parent / "var" / "local-aws").resolve()
"""Where `make local-up` keeps the server's pid file and log."""
