# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `make demo` does: scale the reference application for an event and back, each command shown before it runs."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from local_aws.cli import DEFAULT_PORT

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

EVENT = "-e scale_event_name=demo"
STEPS = (
    ("The environments that are deployed there, read from CloudFormation:", "ansible-inventory --graph"),
    ("Scale production for an event:", f"ansible-playbook playbooks/scale-for-event.yml --limit prod {EVENT}"),
    ("Use against limits now:", "ansible-playbook playbooks/scale-status.yml --limit prod"),
    ("Bring it back to exactly what it was:", f"ansible-playbook playbooks/scale-back.yml --limit prod {EVENT}"),
)

NEXT = """
What to type next
  source .venv/bin/activate{export}
  ansible-playbook playbooks/scale-for-event.yml --limit prod {event} --check --diff    what would change, and nothing does
  ansible-playbook playbooks/scale-for-event.yml --limit prod {event}
  ansible-playbook playbooks/scale-status.yml --limit prod -e watch_seconds=30
  ansible-playbook playbooks/scale-back.yml --limit prod {event}

Your own account: read inventory/example/, then, with your AWS profile or role in the environment
  ansible-inventory -i inventory/example --graph
  ansible-playbook -i inventory/example playbooks/scale-for-event.yml --limit prod {event} --check --diff

The embedded AWS keeps running; `make local-down` stops it.
"""


def surroundings(port: int) -> dict[str, str]:
    """The caller's environment, with .venv active and without what would lead away from the embedded AWS."""
    dropped = sorted(name for name in os.environ if name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL"))
    if dropped:
        print(f"Your shell sets {', '.join(dropped)}: the demo runs without, and so must the commands that follow it.")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    endpoint = {} if port == DEFAULT_PORT else {"RUNBOOK_LOCAL_ENDPOINT": f"http://127.0.0.1:{port}"}
    return {**kept, **endpoint, "PATH": f"{BIN}{os.pathsep}{kept['PATH']}"}


def run(command: str, environment: dict[str, str]) -> None:
    print(f"$ {command}", flush=True)
    status = subprocess.call(shlex.split(command), cwd=ROOT, env=environment)
    if status:
        sys.exit(status)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the embedded AWS (%(default)s)")
    port = parser.parse_args().port
    environment = surroundings(port)
    print("An AWS in a process on this machine, with the application sc-agent deployed in prod and dev:")
    run(f"python -m local_aws up --port {port}", environment)
    for title, command in STEPS:
        print(f"\n{title}")
        run(command, environment)
    endpoint = environment.get("RUNBOOK_LOCAL_ENDPOINT")
    print(NEXT.format(event=EVENT, export=f"\n  export RUNBOOK_LOCAL_ENDPOINT={endpoint}" if endpoint else ""))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
