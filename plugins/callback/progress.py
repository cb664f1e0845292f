# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: aggregate
short_description: Show how far long work is while it is going on
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Modules of this collection that move many items tell how far they are. This shows it, as what is done, how much of
    how much, how fast, and how long it still takes.
  - On a terminal it is one line that is drawn again twice a second and goes before Ansible prints something.
  - Elsewhere, as in AWX, in CI and in files, it is a plain line after 10 seconds of work, after 30, and then every
    minute, however much is going on. So a log is never flooded.
  - It is printed to stderr, because the output may be read by a program.
notes:
  - Modules tell it through a temporary file on the controller, whose place is in the environment variable
    E(RUNBOOK_PROGRESS). So there is nothing to see of what runs on another machine or as another user.
requirements:
  - "C(runbook.aws.progress) in C(callbacks_enabled) in the section C(defaults) of ansible.cfg."
options:
  style:
    description:
      - V(terminal) draws one line, V(plain) prints lines.
      - V(auto) draws if stderr or stdout is a terminal that is watched by a person. Under ansible-runner, which AWX
        uses, and in CI it is not.
    type: str
    choices: [auto, terminal, plain]
    default: auto
    env:
      - name: RUNBOOK_PROGRESS_STYLE
    ini:
      - section: runbook
        key: progress_style
"""

import atexit
import os
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

from ansible_collections.runbook.aws.plugins.module_utils._progress import ENVIRONMENT, PAUSE
from ansible_collections.runbook.aws.plugins.plugin_utils._progress import Beats, Watch

# Set by ansible-runner, which has a terminal of its own that nobody watches, and by CI systems.
UNWATCHED = ("AWX_ISOLATED_DATA_DIR", "RUNNER_OMIT_EVENTS", "CI")
CLEAR = b"\r\x1b[K"


class CallbackModule(CallbackBase):
    """Reads what modules tell in a thread of the main process, from the first play on."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "runbook.aws.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._path: Path | None = None
        self._file = -1
        self._terminal = -1
        self._drawn = ""
        self._watch = Watch()
        self._beats = Beats()
        self._pid = os.getpid()
        # Whoever prints holds it, so that nothing is drawn in between.
        self._printing = threading.RLock()
        self._over = threading.Event()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """From here on there may be something to see."""
        if self._path:
            return
        try:
            self._file, name = tempfile.mkstemp(prefix="runbook-progress-")
        except OSError as error:
            self._display.warning(f"Progress can not be shown: {error}")
            self._over.set()
            return
        self._path = Path(name)
        # Ansible starts modules with its own environment.
        os.environ[ENVIRONMENT] = name
        atexit.register(self._end)
        self._terminal = self._find_terminal()
        if self._terminal >= 0:
            self._print = self._display.display
            self._display.display = self._display_cleared
        threading.Thread(target=self._follow, daemon=True, name="progress").start()

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The run is over."""
        self._end()

    def _find_terminal(self) -> int:
        style = self.get_option("style")
        unwatched = os.environ.get("TERM", "dumb") == "dumb" or any(name in os.environ for name in UNWATCHED)
        if style == "plain" or (style == "auto" and unwatched):
            return -1
        for stream in (sys.stderr, sys.stdout):
            with suppress(OSError, ValueError):
                if stream.isatty():
                    return stream.fileno()
        return -1

    def _display_cleared(self, *args: Any, **kwargs: Any) -> Any:
        # A worker process has this too, as a copy, and a lock that may be held for ever.
        if os.getpid() != self._pid:
            return self._print(*args, **kwargs)
        with self._printing:
            self._draw("")
            return self._print(*args, **kwargs)

    def _follow(self) -> None:
        while not self._over.wait(PAUSE):
            with self._printing:
                if self._over.is_set():
                    return
                self._look()

    def _look(self) -> None:
        while data := os.read(self._file, 65536):
            self._watch.feed(data)
        text = self._watch.text()
        if self._terminal >= 0:
            self._draw(text)
        elif self._beats.is_due(time.monotonic(), bool(text)):
            self._display.display(text, stderr=True)

    def _draw(self, text: str) -> None:
        """Have this text, and no other, on the terminal's last line."""
        with suppress(OSError):
            if text:
                # A line that reaches the edge would go on in the next one, which is not cleared. Some terminals say 0.
                text = text[: (os.get_terminal_size(self._terminal).columns or 80) - 1]
            if text != self._drawn:
                os.write(self._terminal, CLEAR + text.encode(errors="replace"))
                self._drawn = text

    def _end(self) -> None:
        if os.getpid() != self._pid or self._path is None:
            return
        with self._printing:
            if self._over.is_set():
                return
            self._over.set()
            if self._terminal >= 0:
                self._draw("")
                self._display.display = self._print
            os.environ.pop(ENVIRONMENT, None)
            os.close(self._file)
            with suppress(OSError):
                self._path.unlink()
