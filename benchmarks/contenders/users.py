# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Making users of a user pool, and putting them into groups."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.contenders import Command, Contender, Job, Play, program
from benchmarks.stub.users import POOL

_THREADS = "16"


@dataclass(frozen=True)
class UsersJob(Job):
    """Make users, each with a verified e-mail address, invited by Cognito, and in groups.

    Attributes:
        users: The groups of each user, by name.
    """

    users: Mapping[str, Sequence[str]] = field(default_factory=dict)


def address(name: str) -> str:
    """The e-mail address of a user."""
    return f"{name}@example.com"


# As the runbook says; but Cognito makes the password, so that none is in the list of processes.
_SCRIPT = """\
set -eu
while read -r name groups; do
    "$AWS" cognito-idp admin-create-user --user-pool-id "$POOL" --username "$name" --desired-delivery-mediums EMAIL \\
        --user-attributes "Name=email,Value=$name@example.com" Name=email_verified,Value=true </dev/null
    for group in $groups; do
        "$AWS" cognito-idp admin-add-user-to-group --user-pool-id "$POOL" --username "$name" --group-name "$group" </dev/null
    done
done <users
"""


def _shell_loop(job: UsersJob) -> Command:
    (job.folder / "users").write_text("".join(f"{name} {' '.join(groups)}\n" for name, groups in job.users.items()))
    return Command(["/bin/sh", "-c", _SCRIPT], {**job.env, "AWS": job.aws_program, "POOL": POOL})


def _ansible_command(job: UsersJob) -> Command:
    about = ("--user-pool-id", POOL, "--username")
    create = {
        "name": "Make the users",
        "ansible.builtin.command": {
            "argv": [
                *("{{ aws }}", "cognito-idp", "admin-create-user", *about, "{{ item.name }}"),
                *("--desired-delivery-mediums", "EMAIL", "--user-attributes"),
                *("Name=email,Value={{ item.email }}", "Name=email_verified,Value=true"),
            ]
        },
        "loop": "{{ users }}",
    }
    add = {
        "name": "Put them into their groups",
        "ansible.builtin.command": {
            "argv": [
                *("{{ aws }}", "cognito-idp", "admin-add-user-to-group", *about, "{{ item.0.name }}"),
                *("--group-name", "{{ item.1 }}"),
            ]
        },
        "loop": "{{ users | subelements('groups') }}",
    }
    users = [{"name": name, "email": address(name), "groups": list(groups)} for name, groups in job.users.items()]
    return Play([create, add], {"aws": job.aws_program, "users": users}).command(job)


def _threads(job: UsersJob, mode: str, attempts: int) -> Command:
    (job.folder / "users.json").write_text(json.dumps({name: list(groups) for name, groups in job.users.items()}))
    return program(job, "boto_users", mode, str(attempts), POOL, "users.json", _THREADS)


def _collection(job: UsersJob) -> Command:
    task = {
        "name": "Bring the users to what is wanted",
        "runbook.aws.cognito_user": {"user_pool_id": POOL, "users": "{{ users }}", **job.module_options},
    }
    users = [
        {"name": name, "attributes": {"email": address(name), "email_verified": True}, "groups": list(groups)}
        for name, groups in job.users.items()
    ]
    return Play([task], {"users": users}).command(job)


USERS_LOOP = Contender("shell loop of `aws cognito-idp`", _shell_loop, slow=True)
USERS_COMMAND = Contender("Ansible loops of `command: aws cognito-idp`", _ansible_command, slow=True)
# boto3's defaults, and the mode that knows Cognito's throttling: contenders/functions/boto_threads.py
USERS_THREADS: Contender[UsersJob] = Contender(
    f"boto3, {_THREADS} threads, default retries", lambda job: _threads(job, "legacy", 5)
)
USERS_THREADS_PATIENT: Contender[UsersJob] = Contender(
    f"boto3, {_THREADS} threads, 10 attempts", lambda job: _threads(job, "standard", 10)
)
COLLECTION_USERS = Contender("this collection, cognito_user", _collection)
