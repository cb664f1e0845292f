# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The process from which the functions' processes are forked: boto3 is loaded in it, and nothing else happens.

It is started as a program of its own, with the folder of this package, the number of its socket and a folder for the
functions, in an environment that is empty but for the path. It ends, with all that it made, when the server is gone.
"""

from __future__ import annotations

import gc
import os
import selectors
import shutil
import signal
import socket
import sys
from pathlib import Path

# What an application usually talks to: its models are read once and for all.
_SERVICES = ("secretsmanager", "ssm", "dynamodb")


def main() -> None:
    # The interpreter was told to look at nothing but its own libraries, and so do the functions.
    sys.path.append(sys.argv[1])
    from local_aws.runtime import function, wire

    sys.path.remove(sys.argv[1])
    control = socket.socket(fileno=int(sys.argv[2]))
    _preload()
    gc.collect()
    gc.freeze()
    root = Path(sys.argv[3])
    ended, wake = socket.socketpair()
    for end in (ended, wake):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(ended, selectors.EVENT_READ)
    children: dict[int, Path] = {}
    number = 0
    while True:
        ready = {key.fileobj for key, _events in selector.select()}
        if ended in ready:
            ended.recv(4096)
            _reap(children)
        if control not in ready:
            continue
        order, descriptors, _flags, _address = socket.recv_fds(control, wire.ORDER.size, 1, socket.MSG_WAITALL)
        if not order:
            break
        kind, pid = wire.ORDER.unpack(order)
        if kind == wire.END:
            _end(pid, children)
            continue
        number += 1
        directory = root / str(number)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (selector, control, ended, wake):
                other.close()
            function.run(socket.socket(fileno=descriptors[0]), directory)
        os.close(descriptors[0])
        children[pid] = directory
    for pid in list(children):
        _end(pid, children)
    for pid in list(children):
        os.waitpid(pid, 0)
    shutil.rmtree(root, ignore_errors=True)


def _end(pid: int, children: dict[int, Path]) -> None:
    """The process, and what it has started itself. One that has ended already is not ours any more."""
    if pid in children:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            # It has not made its group yet, or it ended a moment ago and waits to be reaped.
            os.kill(pid, signal.SIGKILL)


def _reap(children: dict[int, Path]) -> None:
    while children:
        pid, _status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        shutil.rmtree(children.pop(pid), ignore_errors=True)


def _preload() -> None:
    """Load boto3, and the models that a first client reads, into a loader that every session of a child shares."""
    import boto3
    import botocore.loaders
    import botocore.session

    loader = botocore.loaders.create_loader()
    core = botocore.session.Session()
    core.register_component("data_loader", loader)
    session = boto3.Session("key", "secret", region_name="us-east-1", botocore_session=core)
    for service in _SERVICES:
        session.client(service)
    botocore.session.create_loader = lambda search_path_string=None: loader


if __name__ == "__main__":
    main()
