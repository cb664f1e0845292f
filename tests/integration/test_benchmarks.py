# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_quick_benchmark_runs_and_loses_no_target() -> None:
    results = ROOT / "benchmarks" / "RESULTS.md"
    before = results.read_text() if results.is_file() else None
    # Those whose peers need no aws program.
    scenarios = ("second-run", "compare", "copy", "users-again")
    command = [sys.executable, "-m", "benchmarks", "--quick", *(f"--only={name}" for name in scenarios)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for ours in ("one task", "dynamodb_compare", "dynamodb_copy", "cognito_user"):
        assert f"| this collection, {ours} | 1 |" in done.stdout
    assert "FAILED" not in done.stderr
    assert (results.read_text() if results.is_file() else None) == before
