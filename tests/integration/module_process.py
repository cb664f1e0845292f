# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs modules as processes that have Ansible and boto3 loaded before they start.

A module's process spends most of its time on imports. This one has made them and forks for each module, so a test costs
what the module does. The module reads its options and leaves its result as under Ansible; only the controller is not
there. One request and one answer for each line, as JSON; see `run_module.py`, which starts it.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import ansible_collections
from ansible.module_utils import basic

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.runbook.aws.plugins"


def main() -> None:
    """Serve until standard input is closed."""
    # A module carries its collections with it, so no loader of Ansible's finds them there either.
    ansible_collections.__path__.append(str(ROOT / "collections" / "ansible_collections"))
    importlib.import_module(f"{COLLECTION}.module_utils._ops")
    importlib.import_module("boto3")
    for line in sys.stdin:
        request = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = _run(request, out.fileno(), err.fileno())
            answer = {"code": code, "stdout": _text(out), "stderr": _text(err)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _run(request: dict[str, Any], out: int, err: int) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        code = _module(request["module"], request["options"])
    finally:
        if sys.exc_info()[0]:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _module(name: str, options: dict[str, Any]) -> int:
    # What AnsiballZ, which carries a module to where it runs, hands over in the same way.
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    try:
        importlib.import_module(f"{COLLECTION}.modules.{name}").main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 1


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode())


if __name__ == "__main__":
    main()
