# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what `_cognito_user_plan` plans from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.runbook.aws.plugins.module_utils._cognito import (
    Directory,
    Pool,
    Tokens,
    User,
    Way,
    fetch_groups,
    fetch_groups_of,
    fetch_tokens,
    fetch_user,
    fetch_users,
    lists_are_quicker,
    owns,
    with_groups,
)
from ansible_collections.runbook.aws.plugins.module_utils._cognito_handover import Handover, fetch_secret
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user import HANDOVER, Wish, taken_aliases
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user_plan import Context, State, invites
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target


class Reader:
    """The users of a task, each by itself or all from the pool's lists, whatever is quicker.

    Args:
        aws: The way to AWS.
        pool: The pool.
        targets: The users, with a `Wish` each.
        handover: Where passwords are left, if it is said.
        workers: How many calls are made at the same time.
        new_groups: Groups that are planned for as if they were there.
    """

    def __init__(
        self,
        aws: Way,
        pool: Pool,
        targets: Sequence[Target],
        handover: Handover | None,
        workers: int,
        new_groups: Sequence[str] = (),
    ) -> None:
        self._aws, self._pool, self._handover, self._workers = aws, pool, handover, workers
        self._new_groups = tuple(new_groups)
        self._wishes: list[Wish] = [target.desired for target in targets]
        self._groups: tuple[str, ...] = ()
        self._directory: Directory | None = None

    def prepare(self) -> None:
        """Read what is read for all users at once.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        needed = any(wish.needs_groups for wish in self._wishes)
        if needed:
            self._groups = tuple(sorted(fetch_groups(self._aws, self._pool.id)))
        if lists_are_quicker(self._pool, len(self._wishes), needed, self._groups):
            users = fetch_users(self._aws, self._pool.id)
            if needed:
                users = with_groups(self._aws, self._pool.id, users, self._groups, self._workers)
            self._directory = Directory(self._pool, users)

    def survey(self) -> Context:
        """What concerns all users.

        Raises:
            AwsError: AWS did not answer.
        """
        ends = any(wish.sign_out or wish.enabled is False for wish in self._wishes)
        tokens = fetch_tokens(self._aws, self._pool.id, self._workers) if ends else Tokens()
        return Context(self._pool, self._groups + self._new_groups, self._handover, tokens)

    def fetch(self, target: Target) -> State:
        """What the plan of one user needs.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: The name is not the user's, or its secret cannot be used.
        """
        wish: Wish = target.desired
        user = self._find(target.name, wish)
        owners = {}
        for attribute, value in taken_aliases(self._pool, wish).items():
            owner = self._owner(attribute, value)
            if owner and (user is None or owner.username != user.username):
                owners[attribute] = owner.username
        secret = False
        if self._handover and self._handover.prefix and wish.invite == HANDOVER and invites(wish, user, self._pool):
            secret = fetch_secret(self._aws, self._handover, self._pool.id, target.name)
        return State(user, owners, secret)

    def _find(self, name: str, wish: Wish) -> User | None:
        pool = self._pool
        if self._directory:
            user = self._directory.find(name)
            if user:
                return user
            others = (self._directory.owner(attribute, name) for attribute in pool.alias_attributes)
            if other := next((owner for owner in others if owner), None):
                raise _is_an_alias(name, other)
            return None
        user = fetch_user(self._aws, pool.id, name)
        if user is None:
            return None
        if not pool.username_attributes and pool.key(user.username) != pool.key(name):
            raise _is_an_alias(name, user)
        if not wish.needs_groups:
            return user
        return replace(user, groups=fetch_groups_of(self._aws, pool.id, user.username))

    def _owner(self, attribute: str, value: str) -> User | None:
        if self._directory:
            return self._directory.owner(attribute, value)
        # By the alias itself, because a filter of ListUsers compares letter by letter.
        user = fetch_user(self._aws, self._pool.id, value)
        key = self._pool.key
        if user and key(user.attributes.get(attribute, "")) == key(value) and owns(self._pool, user, attribute):
            return user
        return None


def _is_an_alias(name: str, user: User) -> Refused:
    return Refused(
        f"{name} is no username, it is what the user {user.username} signs in with. Name that one, or give another name."
    )
