# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: holder
short_description: Who is running this playbook, and where
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Names the run, so that a lock says who holds it and a run that was killed can be told from one that goes on.
  - It is the same in every task of one run, whichever process templates it.
options:
  _terms:
    description: Takes none.
notes:
  - On a system without C(/proc) there is no C(machine), C(ticks), C(command) and C(started). A lock of such a run is never
    found to be left behind by a dead process. Only its lease ends it.
  - Under AWX the user is the person who launched the job.
seealso:
  - module: runbook.aws.operation_lock
"""

EXAMPLES = r"""
- name: Show who runs this
  ansible.builtin.debug:
    msg: "{{ lookup('runbook.aws.holder') }}"
"""

RETURN = r"""
_raw:
  description: One dictionary.
  type: list
  elements: dict
  contains:
    user:
      description: The operator's name.
      type: str
      sample: anna
    host:
      description: The machine's host name.
      type: str
      sample: ops-1
    pid:
      description: Number of the main process of C(ansible-playbook).
      type: int
      sample: 4711
    machine:
      description: Host name, boot and namespace of process numbers, which together with C(pid) and C(ticks) name one process
        for ever.
      type: str
      sample: ops-1:5c1f7a0e-8a53-4a5e-9a1c-0a7f2f1d8c11:4026531836
    ticks:
      description: Start of the process in clock ticks since the start of the machine.
      type: int
      sample: 812345
    command:
      description: The program.
      type: str
      sample: ansible-playbook
    started:
      description: Start of the process in UTC.
      type: str
      sample: "2026-11-23T13:30:00Z"
    job:
      description: The job that this run is, when AWX, GitHub, GitLab or Jenkins runs it.
      type: str
      sample: AWX job 42
"""

import multiprocessing
import os
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.runbook.aws.plugins.module_utils._holder import holder


class LookupModule(LookupBase):
    """Tasks are templated in processes that are forked for them; the run is their parent."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        if terms or kwargs:
            raise AnsibleError("The lookup runbook.aws.holder takes no arguments.")
        parent = multiprocessing.parent_process()
        return [holder(parent.pid if parent and parent.pid else os.getpid(), os.environ, variables)]
