# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A python that writes down what each module process of a playbook cost.

Ansible runs modules with `ansible_python_interpreter`; here that is a small program that runs the real one as its child
and asks the kernel for it. The modules of this collection work in Ansible's own workers where the interpreter is the one that
Ansible runs with; this is another one, so each of them has a process of its own, too, and none is missed.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

# A module may have processes of its own; what all of them have at the same time is looked at again and again, each page
# that they share counted once (PSS).
_PROGRAM = """\
#!{python} -IS
import glob, json, os, sys, time

def family(pid):
    yield pid
    for name in glob.glob(f"/proc/{{pid}}/task/*/children"):
        try:
            with open(name) as children:
                pids = children.read().split()
        except OSError:
            continue
        for child in pids:
            yield from family(int(child))

def pss_kib(pid):
    try:
        with open(f"/proc/{{pid}}/smaps_rollup") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    except OSError:
        return 0

started = time.time()
child = os.posix_spawn({python!r}, [{python!r}, *sys.argv[1:]], os.environ)
together, ended = 0, 0
while not ended:
    together = max(together, sum(map(pss_kib, family(child))))
    time.sleep({pause})
    ended, status, usage = os.wait4(child, os.WNOHANG)
peak = max(together, usage.ru_maxrss)
line = {{"command": sys.argv[1:], "seconds": time.time() - started, "peak_kib": peak}}
with open({log!r}, "a") as log:
    log.write(json.dumps(line) + "\\n")
os._exit(os.waitstatus_to_exitcode(status) & 255)
"""

# Seconds from one look at the memory to the next.
_PAUSE = 0.05

# Modules are seen by name only as files, not when they come through standard input.
BY_NAME = {"ANSIBLE_PIPELINING": "false"}


@dataclass(frozen=True)
class ModuleProcess:
    """One module that ran.

    Attributes:
        name: The module, for example `lambda_concurrency`.
        seconds: Wall time of its process.
        peak_mib: The most memory that it had, its own processes included.
    """

    name: str
    seconds: float
    peak_mib: float


class Interpreter:
    """The interpreter, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "module-processes"
        self.path = folder / "python"
        self.path.write_text(_PROGRAM.format(python=sys.executable, log=str(self._log), pause=_PAUSE))
        self.path.chmod(0o755)

    def processes(self) -> list[ModuleProcess]:
        """The modules that ran, in order."""
        lines = self._log.read_text().splitlines() if self._log.is_file() else []
        found = []
        for line in lines:
            process = json.loads(line)
            name = re.search(r"AnsiballZ_(\w+)\.py", " ".join(process["command"]))
            # Ansible also asks the interpreter about itself; that is no module.
            if name:
                found.append(ModuleProcess(name.group(1), process["seconds"], process["peak_kib"] / 1024))
        return found
