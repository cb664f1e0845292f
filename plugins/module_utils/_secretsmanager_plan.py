# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a secret gets to the version that is asked for. Pure.

Sources, by the short names that the comments use:

- model: botocore's text of the operation or shape.
- steps: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._hidden import SHORTEST_HIDDEN, told_by
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import (
    CURRENT,
    FAILED,
    PENDING,
    PREVIOUS,
    Secret,
    Version,
    Wish,
    element,
    shown,
)
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_value import (
    as_object,
    leaves,
    new_text,
    same,
)

# What `after` and the diff say of a version that is not there yet.
TO_BE_MADE = "to be made"

# model, PutSecretValue: "Do not call PutSecretValue at a sustained rate of more than once every 10 minutes."
_SUSTAINED_MINUTES = 10


@dataclass(frozen=True)
class SecretPlan(Plan):
    """A plan that knows what to look for afterwards.

    Attributes:
        secret: The secret as it was found.
        expected: The version that is current afterwards; none: still no value.
        foreign: Whether somebody else's rotation makes that version, and it is only waited for.
    """

    secret: Secret | None = field(default=None, repr=False)
    expected: str | None = None
    foreign: bool = False


def plan_secret(target: Target, secret: Secret, _context: object = None) -> SecretPlan:
    """How to get one secret to what is wanted.

    Args:
        target: The secret as it was named, and its `Wish`.
        secret: What was found.

    Raises:
        Refused: It must not be done.
    """
    wish: Wish = target.desired
    if wish.action is None and wish.version_id is None:
        return _nothing(wish, secret)
    refuse_unfit(wish, secret)
    if not is_due(wish, secret):
        return _nothing(wish, secret)
    if wish.version_id is not None:
        return _moved(wish, secret, _known(wish, secret, wish.version_id))
    if wish.action == "rollback":
        return _rolled_back(wish, secret)
    return _rotated(wish, secret) if wish.action == "rotate" else _written(wish, secret)


def is_due(wish: Wish, secret: Secret) -> bool:
    """Whether anything is to be done at all, as far as it can be told without the value."""
    made = _made_by_stamp(wish, secret)
    if wish.action in ("generate", "set") and made is not None:
        # Whether `set` gave another value then is compared only where the version is still current.
        return wish.action == "set" and CURRENT in made.stages
    if wish.action == "rotate" and made is not None:
        return False
    young = wish.max_age_days is not None and not secret.older_than(wish.max_age_days)
    return not (wish.action in ("rotate", "generate") and young)


def refuse_unfit(wish: Wish, secret: Secret) -> None:
    """Refuse a secret that cannot be changed like this, as far as it can be told without the value.

    Raises:
        Refused: It cannot.
    """
    found, name = secret.described, wish.secret
    if found.get("DeletedDate"):
        # model, DescribeSecretResponse, DeletedDate: "the encrypted secret value, is not accessible".
        raise Refused(
            f"{name}: it is scheduled for deletion ({shown(found['DeletedDate'])}). Bring it back first:"
            f" aws secretsmanager restore-secret --secret-id '{secret.name}'."
        )
    primary, region = found.get("PrimaryRegion"), secret.arn.split(":")[3]
    if primary and primary != region:
        raise Refused(f"{name}: it is a replica. Change it in its primary region, {primary}.")
    owner = found.get("OwningService")
    if wish.action in ("generate", "set") and owner:
        # model, InvalidRequestException: "The secret is managed by another service, and you must use that service".
        raise Refused(f"{name}: {owner} manages it, and only that service may set its value. It can be rotated.")
    if wish.action == "rotate" and not found.get("RotationLambdaARN") and not (owner and secret.automatic):
        raise Refused(
            f"{name}: it has no rotation function. Attach one (aws secretsmanager rotate-secret"
            " --rotation-lambda-arn …), or use action: generate or set."
        )
    if wish.action in ("generate", "set") and secret.pending and _is_under_way(wish, secret):
        # "Secrets Manager removed the AWSPENDING label […] in favor of the new secret version", RotationAbandoned:
        # https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html
        raise Refused(
            f"{name}: a rotation is under way (version {secret.pending.id}). A new value would abandon it in the"
            " middle, and what its function has changed elsewhere would stay. Run the same task again when it has"
            " ended."
        )


def _is_under_way(wish: Wish, secret: Secret) -> bool:
    if secret.pending is not None and PREVIOUS in secret.pending.stages:
        return False  # It was current, so that rotation has ended.
    if not secret.automatic:
        return False
    return not secret.pending_failed and secret.unchanged_minutes() < wish.pending_minutes


def _nothing(wish: Wish, secret: Secret) -> SecretPlan:
    """No other version; but what a run that was killed has left on is turned off."""
    there = element(wish.secret, secret.current.id if secret.current else None)
    made = _made_by_stamp(wish, secret)
    goes_back = wish.version_id is not None or wish.action == "rollback"
    calls, notes = _off_again(wish, secret, secret.pending if goes_back else made)
    if made is not None and CURRENT not in made.stages:
        left = (
            f"{wish.secret}: this stamp has made version {made.id}, which is no longer current, so nothing was changed."
            " Give another stamp to make a new one."
        )
        calls, notes = (), [left]
    return SecretPlan(there, there, calls, tuple(notes), secret=secret, expected=there.get("version_id"))


def _made_by_stamp(wish: Wish, secret: Secret) -> Version | None:
    """The version that the stamp has made: it is current, or it was."""
    if wish.action not in ("rotate", "generate", "set"):
        return None
    made = [version for version in secret.versions.values() if wish.has_made(version, secret.arn)]
    if wish.action == "rotate":
        # A rotation that failed has left its version without ever having been current.
        made = [version for version in made if CURRENT in version.stages or PREVIOUS in version.stages]
    return max(made, key=lambda version: CURRENT in version.stages, default=None)


# --- labels ----------------------------------------------------------------------------------------------------------


def _known(wish: Wish, secret: Secret, number: str) -> Version:
    version = secret.versions.get(number)
    if version is None:
        there = ", ".join(f"{v.id} ({', '.join(sorted(v.stages))})" for v in secret.versions.values() if v.stages)
        raise Refused(
            f"{wish.secret}: it has no version {number}; Secrets Manager removes versions without labels after a while."
            f" It has {there or 'none'}."
        )
    if version.created is None:
        raise Refused(f"{wish.secret}: version {number} has no value, so it cannot become the current one.")
    return version


def _rolled_back(wish: Wish, secret: Secret) -> SecretPlan:
    current, previous = secret.current, secret.labelled(PREVIOUS)
    ids = {name: version.id if version else "none" for name, version in ((CURRENT, current), (PREVIOUS, previous))}
    if wish.from_version is None:
        raise Refused(
            f"{wish.secret}: rollback needs from_version, the version to leave, so that a second run does not bring it"
            f" back. {CURRENT} is {ids[CURRENT]}, {PREVIOUS} is {ids[PREVIOUS]}."
        )
    if previous is None or current is None:
        raise Refused(f"{wish.secret}: no version is labelled {PREVIOUS}, so there is nothing to go back to.")
    if previous.id == wish.from_version:
        return _nothing(wish, secret)
    if current.id != wish.from_version:
        raise Refused(
            f"{wish.secret}: from_version {wish.from_version} is not current; {CURRENT} is {ids[CURRENT]}, {PREVIOUS}"
            f" is {ids[PREVIOUS]}. It was changed since: look at it, and name the version with version_id."
        )
    return _moved(wish, secret, _known(wish, secret, previous.id))


def _moved(wish: Wish, secret: Secret, version: Version) -> SecretPlan:
    if CURRENT in version.stages:
        return _nothing(wish, secret)
    arguments = {"SecretId": secret.arn, "VersionStage": CURRENT, "MoveToVersionId": version.id}
    if secret.current:
        # model, RemoveFromVersionId: "or the version ID does not match, then the operation fails", so a change that was
        # made meanwhile is not lost.
        arguments["RemoveFromVersionId"] = secret.current.id
    to_leave = secret.pending if secret.pending and secret.pending.while_off else secret.current
    off, notes = _off_again(wish, secret, to_leave)
    if secret.described.get("RotationLambdaARN"):
        notes.append(
            f"{wish.secret}: the label goes back to version {version.id}. What its rotation function has changed"
            " elsewhere, for example a database's password, does not."
        )
    if secret.pending and secret.pending.id != version.id and _is_under_way(wish, secret):
        notes.append(
            f"{wish.secret}: a rotation is under way (version {secret.pending.id}) and may make its version current."
        )
    calls = [Call("secretsmanager", "UpdateSecretVersionStage", arguments, _until_current(secret.arn, version.id))]
    if secret.current and PENDING in secret.current.stages:
        # model, RotateSecret: "If the AWSPENDING staging label is present but not attached to the same version as
        # AWSCURRENT, then any later invocation of RotateSecret assumes that a previous rotation request is still in
        # progress and returns an error." First, because a run that is killed in between still has the move to make.
        calls.insert(0, _unlabelled(secret, secret.current.id))
    return _plan(wish, secret, version.id, version.id, (*off, *calls), notes)


def _unlabelled(secret: Secret, version: str) -> Call:
    # model, UpdateSecretVersionStage, MoveToVersionId: "To remove a label from a version, then do not specify this
    # parameter."
    return Call(
        "secretsmanager",
        "UpdateSecretVersionStage",
        {"SecretId": secret.arn, "VersionStage": PENDING, "RemoveFromVersionId": version},
        _until(secret.arn, f"!contains(VersionIdsToStages.\"{version}\" || `[]`, '{PENDING}')"),
    )


def _until_current(arn: str, version: str) -> Settle:
    return _until(arn, f"contains(VersionIdsToStages.\"{version}\" || `[]`, '{CURRENT}')")


def _until_ended(arn: str, version: str) -> Settle:
    # model, RotateSecretRequest, RotateImmediately: "This test creates an AWSPENDING version of the secret and then
    # removes it." So a version may go without ever being current, and it would be waited for in vain.
    labels = f'VersionIdsToStages."{version}" || `[]`'
    return _until(arn, f"contains({labels}, '{CURRENT}') || !contains({labels}, '{PENDING}')")


def _until(arn: str, condition: str) -> Settle:
    return Settle("secret_described", {"SecretId": arn}, until=condition)


def _plan(
    wish: Wish, secret: Secret, told: str, expected: str, calls: tuple[Call, ...], notes: Iterable[str]
) -> SecretPlan:
    before = element(wish.secret, secret.current.id if secret.current else None)
    return SecretPlan(before, element(wish.secret, told), calls, tuple(notes), secret=secret, expected=expected)


# --- values ----------------------------------------------------------------------------------------------------------


def _written(wish: Wish, secret: Secret) -> SecretPlan:
    if secret.binary:
        raise Refused(
            f"{wish.secret}: its value is binary (SecretBinary), and only text is written here. Set it with aws"
            " secretsmanager put-secret-value --secret-binary."
        )
    if wish.action == "generate" and not wish.keys and secret.value is not None and as_object(secret.value) is not None:
        raise Refused(f"{wish.secret}: its value is a JSON object. Name in keys what to generate; the others are kept.")
    given = secret.given
    if wish.action == "generate":
        given = dict(zip(wish.keys, secret.random, strict=True)) if wish.keys else secret.random[0]
    text = new_text(wish.secret, wish.keys, wish.add_keys, secret.value, given)
    if same(secret.value, text):
        return _nothing(wish, secret)
    version = wish.new_version(secret.arn)
    if version in secret.versions:
        raise Refused(
            f"{wish.secret}: this stamp has set another value already (version {version}). Give another stamp, or none."
        )
    notes = _lost_keys(wish, secret.value, text)
    if secret.described.get("RotationLambdaARN"):
        notes.append(
            f"{wish.secret}: it has a rotation function, which changes the password elsewhere too, for example in a"
            f" database; action: {wish.action} changes the secret only. Use action: rotate, or give the new value to"
            " where it is used as well."
        )
    if secret.current is None:
        notes.append(f"{wish.secret}: it had no value before, so there is none to go back to.")
    elif not secret.older_than(_SUSTAINED_MINUTES / 1440):
        notes.append(
            f"{wish.secret}: its current version is younger than {_SUSTAINED_MINUTES} minutes. AWS advises against"
            " making versions more often than that for long, because they are kept for a day and there can be about"
            " 100."
        )
    call = Call(
        "secretsmanager",
        "PutSecretValue",
        {"SecretId": secret.arn, "ClientRequestToken": version, "SecretString": text},
        _until_current(secret.arn, version),
        learns={"version_id": "VersionId"},
    )
    return _plan(wish, secret, _told(wish, version), version, (call,), notes)


def _lost_keys(wish: Wish, there: str | None, text: str) -> list[str]:
    """What is to be said of keys that the new value has no longer, by their names only.

    Raises:
        Refused: It has none at all any more, and nobody has said that this is wanted.
    """
    before, after = as_object(there or ""), as_object(text)
    if not before:
        return []
    if after is None and not wish.replace_object:
        raise Refused(
            f"{wish.secret}: its value is a JSON object with {_keys(before)}, and the new value is none, so who reads a"
            " key would find nothing. Give a JSON object, name in keys what is to change, or say replace_object: true."
        )
    lost = before.keys() - (after or {}).keys()
    return [f"{wish.secret}: the new value lacks {_keys(lost)}, which the value before has."] if lost else []


def _keys(names: Iterable[str]) -> str:
    names = sorted(names)
    return f"the key{'' if len(names) == 1 else 's'} {', '.join(names)}"


def _told(wish: Wish, version: str) -> str:
    return TO_BE_MADE if wish.stamp is None or wish.action == "rotate" else version


# --- rotation --------------------------------------------------------------------------------------------------------


def _rotated(wish: Wish, secret: Secret) -> SecretPlan:
    pending, calls, notes = secret.pending, [], list(secret.remarks)
    if pending is not None:
        if _is_under_way(wish, secret):
            return _waited_for(wish, secret, pending)
        why = secret.pending_failed or (
            f"nothing of it was changed since {shown(secret.changed)}"
            if secret.automatic
            else "automatic rotation was turned off, which ends a rotation"
        )
        if wish.abort_pending is False:
            raise Refused(
                f"{wish.secret}: an earlier rotation has left {PENDING} on version {pending.id} ({why}), and AWS"
                " refuses a new one until that is removed. Leave abort_pending out to try that version again, or say"
                " abort_pending: true to make another one."
            )
        if wish.abort_pending is None and pending.created and PREVIOUS not in pending.stages:
            return _tried_again(wish, secret, pending, why)
        notes.append(f"{wish.secret}: {PENDING} of an earlier rotation is removed (version {pending.id}): {why}.")
        # First, because with the label AWS forgets the version, whose id tells a later run that it was off.
        calls += [*_off_again(wish, secret, pending)[0], _unlabelled(secret, pending.id)]
    if secret.function_missing:
        raise Refused(f"{wish.secret}: {secret.function_missing}")
    version = wish.new_version(secret.arn, while_off=_is_off(secret))
    started, remarks = _started(wish, secret, Version(version))
    return _plan(wish, secret, _told(wish, version), version, (*calls, *started), [*notes, *remarks])


def _waited_for(wish: Wish, secret: Secret, pending: Version) -> SecretPlan:
    """See a rotation that is under way to its end."""
    look = Call("secretsmanager", "DescribeSecret", {"SecretId": secret.arn}, _until_ended(secret.arn, pending.id))
    calls: tuple[Call, ...] = (look,)
    notes = [
        *secret.remarks,
        f"{wish.secret}: a rotation is under way already (version {pending.id}), so none was started.",
    ]
    if pending.while_off:
        # Another run may be waiting for its own rotation, and turns it off itself.
        if wish.has_made(pending, secret.arn):
            calls = (look, _off(secret))
        notes.append(_on_meanwhile(wish, secret, pending))
    return replace(_plan(wish, secret, pending.id, pending.id, calls, notes), foreign=True)


def _tried_again(wish: Wish, secret: Secret, pending: Version, why: str) -> SecretPlan:
    """Finish what failed after createSecret with the value that it has made.

    The step setSecret may have told it to the database already. A function that logs in to change the password, as
    AWS's own do, knows the pending, the current and the previous one; with another pending value it would be locked
    out, and a retry that makes one locks the application out of a database that takes the newest only.
    RotateSecret says of such a version "That rotation will be reattempted", which is what is wanted:
    https://github.com/aws/aws-cdk/issues/28539 shows the text.
    """
    started, remarks = _started(wish, secret, pending)
    note = (
        f"{wish.secret}: an earlier rotation to version {pending.id} has not ended ({why}). Its function may have"
        " changed the password elsewhere already, so the same version is tried again. To make another one instead, say"
        " abort_pending: true."
    )
    return _plan(wish, secret, pending.id, pending.id, started, [*secret.remarks, note, *remarks])


def _started(wish: Wish, secret: Secret, version: Version) -> tuple[tuple[Call, ...], list[str]]:
    """The calls that rotate to this version, and what is to be said."""
    rotate = Call(
        "secretsmanager",
        "RotateSecret",
        {"SecretId": secret.arn, "ClientRequestToken": version.id},
        _until_current(secret.arn, version.id),
        learns={"version_id": "VersionId"},
    )
    if _is_off(secret):
        return (rotate, _off(secret)), [_on_meanwhile(wish, secret, version)]
    if secret.current is None or not secret.current.while_off:
        return (rotate,), []
    unknown = (
        f"{wish.secret}: automatic rotation is on and stays so. It was off before version {secret.current.id} was"
        " rotated to; if nobody has turned it on since, a run that was killed has left it on. Turn it off then:"
        f" {_off_by_hand(secret)}."
    )
    return (rotate,), [unknown]


# --- automatic rotation that is off ----------------------------------------------------------------------------------


def _is_off(secret: Secret) -> bool:
    """Whether automatic rotation is off, or only on for a rotation that has not ended.

    Nobody can have turned it on since: RotateSecret is refused as long as that version is labelled.
    """
    return not secret.automatic or bool(secret.pending and secret.pending.while_off)


def _off(secret: Secret) -> Call:
    """Turn it off after a rotation.

    model, CancelRotateSecret: "if a rotation is currently in progress, cancels the rotation", which "can leave the
    VersionStage labels in an unexpected state". So not before the rotation has ended: well, or with an error of its
    function; not when only the time for waiting is up.
    """
    return Call("secretsmanager", "CancelRotateSecret", {"SecretId": secret.arn}, despite=FAILED)


def _off_again(wish: Wish, secret: Secret, version: Version | None) -> tuple[tuple[Call, ...], list[str]]:
    """Turn it off where a run that was killed has left it on for its rotation to this version."""
    if version is None or not version.while_off or not secret.automatic:
        return (), []
    if secret.pending and _is_under_way(wish, secret):
        return (), [_on_meanwhile(wish, secret, secret.pending)]
    again = (
        f"{wish.secret}: automatic rotation is turned off again, as it was before version {version.id} was rotated to."
    )
    return (_off(secret),), [again]


def _on_meanwhile(wish: Wish, secret: Secret, version: Version) -> str:
    # model, CancelRotateSecret: "To turn on automatic rotation again, call RotateSecret."
    known = version.while_off and wish.has_made(version, secret.arn)
    way_out = "run the same task again, which turns it off" if known else f"turn it off then: {_off_by_hand(secret)}"
    return (
        f"{wish.secret}: automatic rotation is turned off, stays so, and is on only while this rotation runs. If this"
        f" task ends before the rotation has ended, {way_out}."
    )


def _off_by_hand(secret: Secret) -> str:
    return f"aws secretsmanager cancel-rotate-secret --secret-id '{secret.name}'"


# --- all together ----------------------------------------------------------------------------------------------------


def review_secrets(targets: Iterable[Target], plans: Mapping[str, Plan]) -> dict[str, str]:
    """Refuse a secret that is named in two ways, and values that Ansible would hide in the result too.

    Ansible hides a value of a `no_log` option wherever it appears, also inside of other words, so `before` would come
    back crippled and undo something else than was done.

    Returns:
        The secrets that must not be changed, with the reason.
    """
    refused: dict[str, str] = {}
    known: dict[str, str] = {}
    told: list[Any] = [TO_BE_MADE]
    for name, plan in plans.items():
        if isinstance(plan, SecretPlan) and plan.secret:
            first = known.setdefault(plan.secret.arn, name)
            if first != name:
                refused[name] = f"it is the same secret as {first}. Put what you want of it into one element."
            told += [name, plan.secret.arn, plan.expected, *plan.secret.versions]
    for target in targets:
        values = leaves(target.desired.value)
        if target.name in plans and any(
            len(value) < SHORTEST_HIDDEN or told_by([value], told) for value in values if value
        ):
            refused[target.name] = (
                "a value is so short, or so much part of a name or version in the result, that Ansible would hide it"
                " there too. Give it in value_file."
            )
    return refused
