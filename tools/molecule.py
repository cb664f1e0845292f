# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the molecule scenarios against the embedded AWS: python -m tools.molecule [scenario ...]

All that extensions/molecule holds are run when none is named, two at a time. One server serves them; each scenario has
an account of its own with the reference application in it, so that they can not meet.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_aws.client import LocalAws
from local_aws.process import Server
from local_aws.reference import seed

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "extensions" / "molecule"
AT_ONCE = 2


def run(scenario: str, aws: LocalAws) -> tuple[bool, float, str]:
    """One scenario from the start: whether it passed, its seconds, all that it printed."""
    started = time.monotonic()
    account = aws.fresh_account()
    seed(aws.endpoint, account.session)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "ANSIBLE_", "MOLECULE_", "RUNBOOK_"))
    }
    environment = {
        **kept,
        **account.env,
        # Read by inventory/local.
        "RUNBOOK_LOCAL_ENDPOINT": aws.endpoint,
        "RUNBOOK_LOCAL_ACCOUNT": account.id,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible"),
        "ANSIBLE_REMOTE_TEMP": str(ROOT / ".cache" / "ansible" / "tmp"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "NO_COLOR": "1",
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["molecule", "test", "--scenario-name", scenario],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode == 0, time.monotonic() - started, done.stdout


def main() -> int:
    found = sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))
    wanted = sys.argv[1:] or found
    unknown = sorted(set(wanted) - set(found))
    if unknown:
        sys.exit(f"No scenario {', '.join(unknown)} in extensions/molecule; there are {', '.join(found)}.")
    # SIGTERM ends this as Ctrl-C does: through `finally`, so that the server goes too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    failed = []
    with tempfile.TemporaryDirectory(prefix="molecule-") as directory:
        server = Server(Path(directory))
        try:
            running, _started = server.up(port=0, seed=False)
            aws = LocalAws(running.endpoint)
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for scenario, result in zip(wanted, pool.map(lambda name: run(name, aws), wanted), strict=True):
                    passed, seconds, output = result
                    if not passed:
                        failed.append(scenario)
                        print(output, flush=True)
                    print(f"molecule {scenario}: {'passed' if passed else 'FAILED'} in {seconds:.0f} s", flush=True)
        finally:
            server.down()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
