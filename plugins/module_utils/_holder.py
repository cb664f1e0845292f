# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who is running this, as a lock, a record and the change log name it, and whether such a run is still alive.

A process is named for ever by its machine and by the moment of its start: numbers of processes are used again, and in
containers the same number runs many times at once. A machine is therefore a host name, a boot of a kernel and a
namespace of process numbers together. Where a system does not tell these (no /proc), a holder has no machine, and
nobody is ever taken for dead.
"""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp

# What a system that runs jobs tells a job about itself: its name, the variable with the number, and a variable that
# tells it from others that use the same name for the number.
# AWX: awx/main/tasks/jobs.py, RunJob.build_env. GitHub, GitLab, Jenkins: their pages of predefined variables.
JOBS: tuple[tuple[str, str, str], ...] = (
    ("AWX job", "JOB_ID", "AWX_PRIVATE_DATA_DIR"),
    ("AWX job", "JOB_ID", "AWX_HOST"),
    ("GitHub run", "GITHUB_RUN_ID", "GITHUB_ACTIONS"),
    ("GitLab job", "CI_JOB_ID", "GITLAB_CI"),
    ("Jenkins build", "BUILD_TAG", "JENKINS_URL"),
)

# AWX gives these to every job that a person launches: awx/main/models/jobs.py, get_awx_variables.
_USER_VARIABLES = ("awx_user_name", "tower_user_name")


@dataclass(frozen=True)
class Process:
    """A process as the kernel tells it.

    Attributes:
        ticks: Clock ticks from the start of the machine to the start of the process.
        gone: It has ended and only waits for its parent to notice.
        parent: Number of the process that started it, or of who took it over when that one ended.
        command: Its program, for example `ansible-playbook`.
    """

    ticks: int
    gone: bool
    parent: int
    command: str


def holder(pid: int, environment: Mapping[str, str], variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Who runs process `pid` of this machine, and where.

    Args:
        pid: The main process of the run.
        environment: Where a system that runs jobs tells about the job.
        variables: Ansible's variables; AWX puts the person's name there, who launched the job.
    """
    found: dict[str, Any] = {"user": _user(variables or {}), "host": socket.gethostname(), "pid": pid}
    process = _process(pid)
    if process:
        started = _started(process.ticks)
        found |= {"machine": machine(), "ticks": process.ticks, "command": process.command, "started": started}
    job = next(
        (f"{name} {environment[key]}" for name, key, sign in JOBS if environment.get(key) and sign in environment), ""
    )
    return {**found, "job": job} if job else found


def machine() -> str:
    """This host, this boot of it, and this namespace of process numbers; empty where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{socket.gethostname()}:{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def is_dead(held_by: Mapping[str, Any]) -> bool:
    """Whether the holder's process is known to have ended. False too when it can not be seen from here."""
    pid, ticks = held_by.get("pid"), held_by.get("ticks")
    if not isinstance(pid, int) or pid < 1 or not held_by.get("machine") or held_by["machine"] != machine():
        return False
    try:
        os.kill(pid, 0)  # Signal 0 is never delivered: it only asks whether the process is there (kill(2)).
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # It is there and belongs to somebody else.
    process = _process(pid)
    return process is not None and (process.gone or (ticks is not None and process.ticks != ticks))


@dataclass(frozen=True)
class Run:
    """The Ansible run that a process belongs to.

    Attributes:
        main: The number of its main process.
        child: The number of the process, started by the main one, through which the other belongs to it.
    """

    main: int
    child: int

    @property
    def is_alive(self) -> bool:
        """Whether the main process is still there. One small read, for every write.

        Its child is taken over by another process at the moment when it ends.
        """
        fields = _stat(self.child)
        return fields is not None and int(fields[1]) == self.main


def run_of(pid: int) -> Run | None:
    """The run that a process belongs to. None where the system does not tell, or where no run is above it (a module on
    another host, or started by hand).
    """
    found, child = None, pid
    while (process := _process(child)) and process.parent > 1:
        parent = _process(process.parent)
        if parent and parent.command.startswith("ansible"):
            found = Run(process.parent, child)
        elif found:
            break
        child = process.parent
    return found


def _user(variables: Mapping[str, Any]) -> str:
    launched_by = next((str(variables[name]) for name in _USER_VARIABLES if variables.get(name)), "")
    if launched_by:
        return launched_by
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"  # A container that runs under a number of which no name is known.


def _stat(pid: int) -> list[str] | None:
    """proc(5), /proc/pid/stat, from the state on: state, parent, ... and as field 22 of all the start time."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _process(pid: int) -> Process | None:
    fields = _stat(pid)
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    except OSError:
        return None
    if fields is None:
        return None
    names = [Path(word).name for word in words if word]
    command = next((name for name in names[:3] if name.startswith("ansible")), names[0] if names else "")
    return Process(ticks=int(fields[19]), gone=fields[0] in "ZX", parent=int(fields[1]), command=command)


def _started(ticks: int) -> str:
    """Clock ticks since the start of the machine as a UTC time, to the second."""
    since_boot = ticks / os.sysconf("SC_CLK_TCK")
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return stamp(datetime.fromtimestamp(booted + since_boot, UTC))
