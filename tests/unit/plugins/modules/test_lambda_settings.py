# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the module plans, makes and reads again, on functions in a dict."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.botocore_model import assert_valid
from unit.small_settings import SmallFunctions

from ansible_collections.runbook.aws.plugins.module_utils import _engine
from ansible_collections.runbook.aws.plugins.module_utils._engine import reconcile
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings import misplaced_secrets, read_targets
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings_plan import plan_settings, review_secrets
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings_reader import (
    Discreet,
    confirm_settings,
    fetch_account,
    fetch_settings,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Outcome, Refused
from ansible_collections.runbook.aws.plugins.modules.lambda_settings import SPEC

NOW = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
SECRET = "correct-horse-battery"
VARIABLES = {"TABLE": "old", "MODE": "fast", "DB_PASSWORD": "former-secret"}
LIVE = {"publish": True, "alias": "live"}


@pytest.fixture
def aws() -> SmallFunctions:
    """A function `orders` with variables, published as version 1 behind `live`."""
    small = SmallFunctions()
    small.add("orders", VARIABLES)
    return small


@pytest.fixture(autouse=True)
def _settles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "FIRST_PAUSE", 0.0)


def run(aws: SmallFunctions, *functions: dict[str, Any], check_mode: bool = False) -> list[Outcome]:
    """What the module does, without Ansible: its options through its spec, then the engine."""
    checked = ArgumentSpecValidator(SPEC).validate({"functions": list(functions)})
    assert checked.error_messages == []
    targets = read_targets(checked.validated_parameters["functions"], NOW)
    discreet = Discreet(aws)

    def settled(_target: Any, call: Call) -> bool:
        assert_valid(call)
        return True

    return reconcile(
        targets,
        fetch=lambda target: fetch_settings(discreet, target),
        plan=plan_settings,
        call=lambda _target, call: aws.make(call),
        settled=settled,
        survey=lambda: fetch_account(discreet),
        review=lambda plans, _account: review_secrets(targets, plans),
        confirm=lambda target, plan, learned: confirm_settings(discreet, target, plan, learned),
        check_mode=check_mode,
        guard=(AwsError,),
    )


def done(aws: SmallFunctions, wish: dict[str, Any]) -> Outcome:
    """The outcome for `orders`, which must not fail."""
    outcome = run(aws, {"name": "orders", **wish})[0]
    assert outcome.error is None, outcome.error
    return outcome


def refused(aws: SmallFunctions, wish: dict[str, Any]) -> str:
    """Why it is refused; nothing is written then."""
    writes = len(aws.calls)
    error = run(aws, {"name": "orders", **wish})[0].error
    assert isinstance(error, Refused | AwsError)
    assert not [name for name, _arguments in aws.calls[writes:] if name.startswith(("Update", "Publish"))]
    return str(error)


def operations(outcome: Outcome) -> list[str]:
    return [call.operation for call in outcome.done]


def content(aws: SmallFunctions) -> Any:
    """What callers get, by alias and from $LATEST."""
    hidden = ("RevisionId", "Version")
    return {
        (name, qualifier): {key: value for key, value in versions[version].items() if key not in hidden}
        for name, versions in aws.versions.items()
        for qualifier, version in [
            ("$LATEST", "$LATEST"),
            *((alias, item["FunctionVersion"]) for alias, item in aws.aliases[name].items()),
        ]
    }


# Each changes something of `orders`.
WISHES: dict[str, dict[str, Any]] = {
    "one variable": {"environment": {"TABLE": "new"}},
    "a new variable": {"environment": {"NEW": "x"}},
    "a variable that goes": {"environment_absent": ["MODE"]},
    "variables all ways": {"environment": {"TABLE": "new", "MODE": "fast"}, "environment_absent": ["MODE2", "X1"]},
    "memory": {"memory_size": 512},
    "timeout and runtime": {"timeout": 60, "runtime": "python3.13"},
    "refresh": {"refresh": "stamp"},
    "all at once": {
        "environment": {"TABLE": "new"},
        "environment_absent": ["MODE"],
        "memory_size": 256,
        "timeout": 9,
        "refresh": "stamp",
    },
}


@pytest.mark.parametrize("also", [{}, LIVE, {**LIVE, "alias": ["live", "beta"]}], ids=["latest", "live", "two aliases"])
@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_the_laws_of_plans(aws: SmallFunctions, wish: dict[str, Any], also: dict[str, Any]) -> None:
    """Check mode writes nothing and tells it; the second run changes nothing; before undoes it."""
    aws.alias("orders", "beta", "1")
    start = content(aws)
    told = run(aws, {"name": "orders", **wish, **also}, check_mode=True)[0]
    assert content(aws) == start
    first = done(aws, {**wish, **also})
    assert first.plan is not None
    assert told.plan is not None
    assert told.plan.calls == first.plan.calls == first.done
    assert content(aws) != start
    again = done(aws, {**wish, **also})
    assert again.plan is not None
    assert not again.plan.changed
    assert again.plan.before == again.plan.after
    run(aws, dict(first.plan.before))
    assert content(aws) == start


def test_only_what_changes_is_sent_with_the_revision_that_was_read(aws: SmallFunctions) -> None:
    revision = aws.latest("orders")["RevisionId"]
    outcome = done(aws, {"environment": {"TABLE": "new"}, "memory_size": 128, "timeout": 3})
    assert outcome.done[0].arguments == {
        "FunctionName": "orders",
        "Environment": {"Variables": {**VARIABLES, "TABLE": "new"}},
        "RevisionId": revision,
    }
    outcome = done(aws, {"environment": {"TABLE": "new"}, "memory_size": 256})
    assert set(outcome.done[0].arguments) == {"FunctionName", "MemorySize", "RevisionId"}


def test_the_order_is_update_publish_move_and_each_waits(aws: SmallFunctions) -> None:
    outcome = done(aws, {"timeout": 5, **LIVE})
    assert operations(outcome) == ["UpdateFunctionConfiguration", "GetFunction", "PublishVersion", "UpdateAlias"]
    settles = [call.settle.waiter if call.settle else None for call in outcome.done]
    assert settles == ["function_updated", None, "version_active", None]
    publish = next(arguments for name, arguments in aws.calls if name == "PublishVersion" and "CodeSha256" in arguments)
    assert publish["CodeSha256"] == "code-1"
    assert outcome.learned["alias_version"] == "2"
    assert outcome.fields == {"verified": True}
    assert outcome.plan is not None
    assert outcome.plan.after == {"name": "orders", "timeout": 5, "alias": ["live"], "alias_version": "to be published"}


def test_the_way_back_moves_the_alias_first(aws: SmallFunctions) -> None:
    before = done(aws, {"timeout": 5, **LIVE}).plan.before
    assert before == {"name": "orders", "timeout": 3, "alias": ["live"], "alias_version": "1"}
    assert operations(run(aws, before)[0]) == ["UpdateAlias", "UpdateFunctionConfiguration"]


def test_aliases_on_different_versions_go_back_to_their_own(aws: SmallFunctions) -> None:
    done(aws, {"timeout": 5, **LIVE})
    aws.alias("orders", "beta", "1")
    start = content(aws)
    outcome = done(aws, {"timeout": 6, "publish": True, "alias": ["live", "beta"]})
    assert outcome.plan.before["alias_version"] == {"live": "2", "beta": "1"}
    assert {item["FunctionVersion"] for item in aws.aliases["orders"].values()} == {"3"}
    run(aws, outcome.plan.before)
    assert content(aws) == start


def test_an_alias_that_has_it_already_lends_its_version(aws: SmallFunctions) -> None:
    aws.alias("orders", "beta", "1")
    done(aws, {"timeout": 5, **LIVE})
    outcome = done(aws, {"timeout": 5, "publish": True, "alias": ["live", "beta"]})
    assert operations(outcome) == ["UpdateAlias"]
    assert aws.aliases["orders"]["beta"]["FunctionVersion"] == "2"


def test_publishing_without_an_alias_publishes_what_is_not_the_newest_version(aws: SmallFunctions) -> None:
    assert operations(done(aws, {"publish": True})) == []
    outcome = done(aws, {"timeout": 5, "publish": True})
    assert outcome.learned["version"] == "2"
    assert aws.aliases["orders"]["live"]["FunctionVersion"] == "1"
    assert operations(done(aws, {"timeout": 5, "publish": True})) == []


def test_a_run_that_was_killed_after_each_call_is_finished_by_the_next(aws: SmallFunctions) -> None:
    wish = {"timeout": 5, "refresh": "stamp", **LIVE}
    planned = run(aws, {"name": "orders", **wish}, check_mode=True)[0].plan
    assert planned is not None
    for made in range(len(planned.calls)):
        small = copy.deepcopy(aws)
        learned: dict[str, Any] = {}
        for call in planned.calls[:made]:
            learned |= small.make(call.given(learned))
        done(small, wish)
        assert small.versions["orders"].keys() == {"$LATEST", "1", "2"}
        assert content(small)["orders", "live"]["Timeout"] == 5


def test_an_update_under_way_is_waited_for_and_never_overwritten(aws: SmallFunctions) -> None:
    aws.latest("orders")["LastUpdateStatus"] = "InProgress"
    outcome = done(aws, {"environment": {"TABLE": "old"}})
    assert operations(outcome) == ["GetFunction"]
    assert outcome.plan is not None
    assert not outcome.plan.changed
    assert "being updated by somebody else" in refused(aws, {"environment": {"TABLE": "new"}})


def test_an_update_that_failed_is_asked_for_again_and_not_published(aws: SmallFunctions) -> None:
    aws.latest("orders").update(LastUpdateStatus="Failed", LastUpdateStatusReason="No such role.")
    assert "(No such role), so there is nothing sound to publish" in refused(aws, LIVE)
    outcome = done(aws, {"timeout": 3, "environment": {"TABLE": "old"}})
    assert set(outcome.done[0].arguments) == {"FunctionName", "Timeout", "Environment", "RevisionId"}


def test_unpublished_changes_are_found_by_name_without_values(aws: SmallFunctions) -> None:
    latest = aws.latest("orders")
    latest |= {"CodeSha256": "code-2", "Environment": {"Variables": {**VARIABLES, "HIDDEN": "do-not-tell"}}}
    said = refused(aws, {"timeout": 5, **LIVE})
    assert "differs from version 1 in more than this task changes: HIDDEN, code." in said
    assert "do-not-tell" not in said
    outcome = done(aws, {"timeout": 5, **LIVE, "include_unpublished": True})
    assert any("brings along what else was changed in $LATEST: HIDDEN, code" in note for note in outcome.plan.notes)


def test_an_earlier_stamp_is_no_unpublished_change(aws: SmallFunctions) -> None:
    done(aws, {"refresh": "earlier"})
    assert operations(done(aws, {"timeout": 5, **LIVE}))[-1] == "UpdateAlias"


def test_a_secret_is_set_and_never_told(aws: SmallFunctions) -> None:
    wish = {"secret_environment": {"DB_PASSWORD": SECRET, "API_TOKEN": f"{SECRET}-2"}, **LIVE}
    outcome = done(aws, wish)
    assert aws.variables("orders", "2")["DB_PASSWORD"] == SECRET
    assert outcome.plan is not None
    assert outcome.plan.before == {
        "name": "orders",
        "environment_absent": ["API_TOKEN"],
        "alias": ["live"],
        "alias_version": "1",
    }
    diff = outcome.plan.diff("orders")
    assert diff["after"]["secret_environment"] == {"API_TOKEN": "(hidden, new)", "DB_PASSWORD": "(hidden, new)"}
    told = str((outcome.plan.before, outcome.plan.after, outcome.plan.notes, diff, outcome.target))
    assert SECRET not in told
    assert "former-secret" not in told
    assert any("former values of DB_PASSWORD are not told" in note for note in outcome.plan.notes)
    assert not done(aws, wish).plan.changed


def test_a_secret_that_goes_is_not_told_either(aws: SmallFunctions) -> None:
    outcome = done(aws, {"environment_absent": ["DB_PASSWORD"]})
    assert outcome.plan.before == {"name": "orders"}
    assert any("Keep what you need to go back" in note for note in outcome.plan.notes)
    # What is left of it is still a valid element, which changes nothing.
    assert operations(run(aws, outcome.plan.before)[0]) == []


def test_a_secret_that_would_cripple_the_result_is_refused(aws: SmallFunctions) -> None:
    said = refused(aws, {"secret_environment": {"PIN": "28"}, "memory_size": 512})
    assert said.startswith("the value of PIN is also part of")
    assert operations(done(aws, {"secret_environment": {"PIN": "28"}})) == ["UpdateFunctionConfiguration"]


def test_values_in_the_wrong_option_are_known_so_that_they_can_be_hidden() -> None:
    given = [{"environment": {"DB_PASSWORD": SECRET, "TABLE": "t", "X_SECRET": "arn:aws:x"}}, {"name": "f"}]
    assert misplaced_secrets(given) == [SECRET]


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"name": "orders:7"}, "orders:7: a version is never changed, and an alias is moved. Leave out :7"),
        ({"name": "not a name"}, "no function's name or ARN"),
        ({"environment": {"DB_PASSWORD": SECRET}}, "DB_PASSWORD looks like a secret"),
        ({"environment": {"RUNBOOK_REFRESH": "a"}, "refresh": "b"}, "refresh sets RUNBOOK_REFRESH"),
        ({"environment": {"A1": "a"}, "environment_absent": ["A1"]}, "A1 is asked for in two ways"),
        ({"environment": {"A1": "a"}, "secret_environment": {"A1": "b"}}, "A1 is asked for in two ways"),
        ({"publish": True, "alias": "live", "alias_version": "3"}, "Give one of the two"),
        ({"alias": "live"}, "say what becomes of live"),
        ({"alias_version": "3"}, "alias_version 3 needs the alias"),
        ({"alias": "live", "alias_version": "three"}, "alias_version three is none"),
        ({"alias": "7", "publish": True}, "7 cannot be the name of an alias"),
        ({"alias": {"live": 1}, "publish": True}, "alias is"),
        ({"alias": ["beta"], "alias_version": {"live": "1"}}, "name different aliases"),
    ],
)
def test_what_is_asked_in_a_wrong_way_is_refused_before_anything_is_read(wish: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused) as got:
        read_targets([{"name": "orders", **wish}], NOW)
    assert says in str(got.value)
    assert SECRET not in str(got.value)


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"timeout": 0}, "timeout is 0. Give 1 to 900 seconds."),
        ({"memory_size": 64}, "memory_size is 64. Give 128 to 10240 MB."),
        ({"runtime": "python3.99"}, "python3.99 is not known to the installed botocore, which knows python2.7"),
        ({"runtime": "cobol1"}, "cobol1 is not known to the installed botocore. Check"),
        ({"runtime": "nodejs22.x"}, "its code is made for python3.12 and cannot run on nodejs22.x"),
        ({"environment": {"BIG": "x" * 4096}}, "Lambda takes 4096"),
        ({"publish": True, "alias": "beta"}, "it has no alias beta. It has live."),
        ({"alias": "live", "alias_version": "7"}, "it has no version 7 that live could point to"),
    ],
)
def test_what_aws_would_refuse_is_refused_before_anything_is_written(
    aws: SmallFunctions, wish: dict[str, Any], says: str
) -> None:
    assert says in refused(aws, wish)


def test_an_image_brings_its_own_runtime(aws: SmallFunctions) -> None:
    aws.add("image", PackageType="Image", Runtime=None)
    outcome = run(aws, {"name": "image", "runtime": "python3.13"})[0]
    assert "deployed as a container image" in str(outcome.error)


def test_managed_instances_have_limits_of_their_own(aws: SmallFunctions) -> None:
    aws.add("managed", CapacityProviderConfig={})
    assert run(aws, {"name": "managed", "timeout": 5000})[0].error is None


def test_an_environment_that_cannot_be_read_is_never_replaced(aws: SmallFunctions) -> None:
    error = {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt"}
    aws.latest("orders")["Environment"] = {"Error": error}
    assert "Allow kms:Decrypt" in refused(aws, {"environment": {"TABLE": "new"}})
    assert "Allow kms:Decrypt" in refused(aws, LIVE)
    assert operations(done(aws, {"timeout": 5})) == ["UpdateFunctionConfiguration"]


def test_an_alias_that_splits_its_calls_is_not_moved(aws: SmallFunctions) -> None:
    done(aws, {"timeout": 5, **LIVE})
    aws.alias("orders", "live", "1", {"2": 0.1})
    said = refused(aws, {"timeout": 6, **LIVE})
    assert "the alias live splits its calls (10% to version 2)" in said
    assert "splits its calls" in refused(aws, {"alias": "live", "alias_version": "2"})


def test_an_alias_whose_calls_all_go_to_the_old_version_goes_back_there(aws: SmallFunctions) -> None:
    done(aws, {"timeout": 5, **LIVE})
    aws.alias("orders", "live", "2", {"1": 1.0})
    outcome = done(aws, {"alias": "live", "alias_version": "1"})
    assert outcome.done[0].arguments["RoutingConfig"] == {"AdditionalVersionWeights": {}}


def test_provisioned_environments_of_the_alias_are_waited_for(aws: SmallFunctions) -> None:
    aws.provisioned["orders"] = {"live": 5}
    outcome = done(aws, {"timeout": 5, **LIVE})
    assert operations(outcome)[-3:] == ["UpdateAlias", "GetProvisionedConcurrencyConfig", "GetAlias"]
    assert [call.settle.waiter for call in outcome.done[-2:]] == ["provisioned_concurrency_ready", "alias_moved"]
    assert any("prepares the 5 provisioned environments of live anew" in note for note in outcome.plan.notes)
    assert operations(done(aws, {"timeout": 5, **LIVE})) == []


def test_an_alias_that_is_still_on_its_way_is_waited_for_and_one_that_cannot_arrive_is_an_error(
    aws: SmallFunctions,
) -> None:
    done(aws, {"timeout": 5, **LIVE})
    aws.provisioned["orders"] = {"live": 5}
    aws.status = "IN_PROGRESS"
    # Environments that autoscaling moves are nobody's business here.
    assert operations(done(aws, {"timeout": 5, **LIVE})) == []
    aws.alias("orders", "live", "2", {"1": 1.0})
    assert operations(done(aws, {"timeout": 5, **LIVE})) == ["GetProvisionedConcurrencyConfig", "GetAlias"]
    aws.status = "FAILED"
    said = refused(aws, {"timeout": 5, **LIVE})
    assert "could not be prepared on version 2 (AWS gives no reason), so its calls still go to version 1" in said
    assert operations(done(aws, {"alias": "live", "alias_version": "1"}))[0] == "UpdateAlias"


def test_a_version_that_cannot_run_is_no_way_back_and_an_idle_one_is_told(aws: SmallFunctions) -> None:
    done(aws, {"timeout": 5, **LIVE})
    aws.versions["orders"]["1"] |= {"State": "Failed", "StateReason": "The image is gone."}
    assert "version 1 cannot run (The image is gone)." in refused(aws, {"alias": "live", "alias_version": "1"})
    aws.versions["orders"]["1"] |= {"State": "Inactive"}
    outcome = done(aws, {"alias": "live", "alias_version": "1"})
    assert any("is Inactive: its first calls fail" in note for note in outcome.plan.notes)


def test_who_stays_behind_is_told(aws: SmallFunctions) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:orders"
    aws.mappings = [
        {"UUID": "u1", "FunctionArn": f"{arn}:beta", "EventSourceArn": "arn:stream"},
        {"UUID": "u2", "FunctionArn": f"{arn}:1", "EventSourceArn": "arn:queue"},
        {"UUID": "u3", "FunctionArn": arn, "EventSourceArn": "arn:other"},
    ]
    aws.alias("orders", "beta", "1")
    aws.alias("orders", "dev", "$LATEST")
    (note,) = done(aws, {"timeout": 5}).plan.notes
    assert note == (
        "orders: beta (version 1, called by arn:stream), live (version 1), version 1 (called by arn:queue) keep what they"
        " have. Say publish, and name the alias, to reach those who call it."
    )
    (note,) = done(aws, {"timeout": 6, **LIVE}).plan.notes
    assert "beta (version 1, called by arn:stream), version 1 (called by arn:queue)" in note
    assert "live" not in note
    assert note.endswith("keep what they have.")


def test_what_a_warning_needs_and_is_denied_is_said_once(aws: SmallFunctions) -> None:
    aws.add("mail")
    aws.denied = {"ListEventSourceMappings"}
    outcomes = run(aws, {"name": "orders", "timeout": 5}, {"name": "mail", "timeout": 5})
    notes = {note for outcome in outcomes for note in outcome.plan.notes if "not observable" in note}
    assert len(notes) == 1


def test_layers_for_other_runtimes_are_told(aws: SmallFunctions) -> None:
    arns = [f"arn:aws:lambda:us-east-1:123456789012:layer:l{number}:1" for number in range(2)]
    aws.add("layered", Layers=[{"Arn": arn} for arn in arns])
    aws.layers = {arns[0]: ["python3.12"], arns[1]: ["python3.13"]}

    def said() -> list[str]:
        outcome = run(aws, {"name": "layered", "runtime": "python3.13"}, check_mode=True)[0]
        assert outcome.error is None
        return [note for note in outcome.plan.notes if "layer:" in note]

    (note,) = said()
    assert "l0:1 says it is for python3.12, not for python3.13" in note
    aws.denied = {"GetLayerVersion"}
    assert "l1:1 fits python3.13 is not observable: lambda:GetLayerVersion was refused." in said()[1]


def test_auto_is_another_stamp_each_time(aws: SmallFunctions) -> None:
    done(aws, {"refresh": "auto"})
    assert aws.variables("orders")["RUNBOOK_REFRESH"] == "2026-01-31T10:00:00.000+00:00"


def test_what_somebody_else_publishes_in_between_is_found(aws: SmallFunctions) -> None:
    original = aws._UpdateFunctionConfiguration

    def interfered(**arguments: Any) -> dict[str, Any]:
        answer = original(**arguments)
        aws.latest("orders")["Environment"] = {"Variables": {"TABLE": "theirs"}}
        return answer

    aws._UpdateFunctionConfiguration = interfered
    outcome = run(aws, {"name": "orders", "timeout": 5, **LIVE})[0]
    assert "version 2 was published with more than this task changed: DB_PASSWORD, MODE, TABLE" in str(outcome.error)
    assert "theirs" not in str(outcome.error)


def test_a_stale_revision_is_an_error_of_that_function_alone(aws: SmallFunctions) -> None:
    aws.add("mail")
    original = aws._GetFunction

    def read_late(FunctionName: str, Qualifier: str = "$LATEST") -> dict[str, Any]:
        answer = original(FunctionName, Qualifier)
        if FunctionName == "orders":
            aws.latest("orders")["RevisionId"] = "of-somebody-else"
        return answer

    aws._GetFunction = read_late
    orders, mail = run(aws, {"name": "orders", "timeout": 5}, {"name": "mail", "timeout": 5})
    assert getattr(orders.error, "code", None) == "PreconditionFailedException"
    assert mail.error is None


def test_what_aws_quotes_of_an_environment_is_not_passed_on(aws: SmallFunctions) -> None:
    class Quoting:
        client = pages = None

        @staticmethod
        def call(_service: str, _operation: str, **arguments: Any) -> Any:
            raise AwsError(
                f"refused: Value {arguments.get('Environment')} is not valid", "InvalidParameterValueException"
            )

    with pytest.raises(AwsError) as got:
        Discreet(Quoting()).call(
            "lambda",
            "UpdateFunctionConfiguration",
            FunctionName="f",
            Environment={"Variables": {"DB_PASSWORD": SECRET}},
        )
    assert SECRET not in str(got.value)
    assert got.value.code == "InvalidParameterValueException"
    assert got.value.__cause__ is None
    assert got.value.__suppress_context__


def test_200_functions_take_as_many_calls_as_they_need() -> None:
    small = SmallFunctions()
    for number in range(200):
        small.add(f"f{number}", {"TABLE": "old"})
    small.calls.clear()
    wish = [{"name": f"f{number}", "environment": {"TABLE": "new"}, **LIVE} for number in range(200)]
    assert not [outcome for outcome in run(small, *wish) if outcome.error]
    assert small.counts == {
        # $LATEST and the alias's version; the revision to publish; the version that was published, and by its alias.
        "GetFunction": 1000,
        "ListAliases": 200,
        "ListProvisionedConcurrencyConfigs": 200,
        "ListEventSourceMappings": 1,
        "UpdateFunctionConfiguration": 200,
        "PublishVersion": 200,
        "UpdateAlias": 200,
    }
