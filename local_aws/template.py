# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudFormation templates: read, checked, and resolved to plain values. Values only, it knows no account.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

import yaml

# "CloudFormation stack template": https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
LARGEST_BODY, LARGEST_OBJECT = 51_200, 1_000_000
_PSEUDO = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)
_REFERENCE = re.compile(r"\$\{([^!${}][^{}]*)\}")
_NO_VALUE: Any = object()


class TemplateError(ValueError):
    """What CloudFormation answers as ValidationError; the message is its own."""


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: short forms of the functions, and no dates: a template's version is text."""

    yaml_implicit_resolvers = {
        first: [resolver for resolver in resolvers if resolver[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _short_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def _load(text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError as error:
            where = f"(line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
            raise TemplateError(f"Template format error: JSON not well-formed. {where}".rstrip()) from None
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise TemplateError(f"Template format error: YAML not well-formed.{where}") from None


@dataclass(frozen=True)
class Template:
    """A template that was read and whose references are whole. Nothing in it is ever changed."""

    text: str = field(repr=False)
    description: str
    parameters: Mapping[str, Mapping[str, Any]]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    order: tuple[str, ...]
    """The resources, each after those that it needs."""

    @property
    def types(self) -> list[str]:
        return sorted({str(resource["Type"]) for resource in self.resources.values()})

    def capabilities(self) -> list[str]:
        """What must be acknowledged: IAM resources, and those that the template names itself.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html (Capabilities)
        """
        iam = [item for item in self.resources.values() if str(item["Type"]).startswith("AWS::IAM::")]
        named = any(
            {"RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"} & set(_properties(item))
            for item in iam
            if item["Type"] != "AWS::IAM::Policy"
        )
        return ["CAPABILITY_NAMED_IAM"] if named else ["CAPABILITY_IAM"] if iam else []


@functools.lru_cache(maxsize=64)
def read(text: str) -> Template:
    """Read a template's text, JSON or YAML.

    Raises:
        TemplateError: It is neither, it has no resources, or something refers to what is not there.
    """
    loaded = _load(text)
    if not isinstance(loaded, Mapping):
        raise TemplateError("Template format error: unsupported structure.")
    if not loaded.get("Resources"):
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    resources = loaded["Resources"]
    for name, resource in resources.items():
        if not isinstance(resource, Mapping) or not resource.get("Type"):
            raise TemplateError(
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
            )
    template = Template(
        text=text,
        description=str(loaded.get("Description") or ""),
        parameters=loaded.get("Parameters") or {},
        mappings=loaded.get("Mappings") or {},
        conditions=loaded.get("Conditions") or {},
        resources=resources,
        outputs=loaded.get("Outputs") or {},
        order=_ordered(resources),
    )
    _check_references(template)
    return template


def _properties(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    return resource.get("Properties") or {}


def _ordered(resources: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    needs: dict[str, list[str]] = {}
    for name, resource in resources.items():
        after = resource.get("DependsOn") or []
        found = {
            *([after] if isinstance(after, str) else after),
            *(to for to, _of in _references(_properties(resource))),
        }
        needs[name] = [other for other in resources if other in found]
    try:
        return tuple(TopologicalSorter(needs).static_order())
    except CycleError as error:
        names = ", ".join(sorted(set(error.args[1])))
        raise TemplateError(f"Circular dependency between resources: [{names}]") from None


def _check_references(template: Template) -> None:
    known = {*template.parameters, *template.resources, *_PSEUDO}
    for where, part in (("Resources", template.resources), ("Outputs", template.outputs)):
        for item in part.values():
            said = _properties(item) if where == "Resources" else item
            missing = sorted({to for to, _attribute in _references(said) if to not in known})
            if missing:
                raise TemplateError(
                    f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the {where} "
                    "block of the template"
                )


def _references(node: Any) -> Iterator[tuple[str, str]]:
    """What a value refers to: name and, for GetAtt, attribute."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == "Ref" and isinstance(value, str):
                yield value, ""
            elif name == "Fn::GetAtt":
                yield _attribute(value)
            elif name == "Fn::Sub":
                text, own = _sub(value)
                for found in _REFERENCE.findall(text):
                    if found not in own:
                        yield _attribute(found) if "." in found else (found, "")
                yield from _references(own)
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def _attribute(value: Any) -> tuple[str, str]:
    resource, _dot, attribute = value.partition(".") if isinstance(value, str) else (value[0], ".", value[1])
    return str(resource), attribute


def _sub(value: Any) -> tuple[str, Mapping[str, Any]]:
    return (value, {}) if isinstance(value, str) else (str(value[0]), value[1])


def parameter_values(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """Every parameter's value as text: what was given, else its default.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html

    Raises:
        TemplateError: One is unknown, has no value, or has one that the template does not allow.
    """
    unknown = [name for name in given if name not in template.parameters]
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, said in template.parameters.items() if name not in given and "Default" not in said]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    values = {name: _plain(given.get(name, said.get("Default"))) for name, said in template.parameters.items()}
    for name, said in template.parameters.items():
        _check_parameter(name, said, values[name])
    return values


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_parameter(name: str, said: Mapping[str, Any], value: str) -> None:
    allowed = [_plain(item) for item in said.get("AllowedValues") or []]
    why = said.get("ConstraintDescription")
    pattern = said.get("AllowedPattern")
    if allowed and value not in allowed:
        wrong = f"must be one of AllowedValues [{', '.join(allowed)}]"
    elif pattern and not re.fullmatch(str(pattern), value):
        wrong = f"must match pattern {pattern}"
    elif said.get("Type") == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise TemplateError(f"Parameter '{name}' must be a number.")
    elif "MinLength" in said and len(value) < int(said["MinLength"]):
        wrong = f"must contain at least {said['MinLength']} characters"
    elif "MaxLength" in said and len(value) > int(said["MaxLength"]):
        wrong = f"must contain at most {said['MaxLength']} characters"
    elif "MinValue" in said and float(value) < float(said["MinValue"]):
        wrong = f"must be a number not less than {said['MinValue']}"
    elif "MaxValue" in said and float(value) > float(said["MaxValue"]):
        wrong = f"must be a number not greater than {said['MaxValue']}"
    else:
        return
    raise TemplateError(
        f"Parameter '{name}' failed to satisfy constraint: {why}" if why else f"Parameter '{name}' {wrong}"
    )


@dataclass
class Resolver:
    """Turns a template's values into plain ones.

    Attributes:
        parameters: Every parameter's value as text.
        pseudo: The pseudo parameters, `AWS::Region` and so on.
        reference: The physical ID of a resource.
        attribute: An attribute of a resource.
        export: The value of another stack's export.
    """

    template: Template
    parameters: Mapping[str, str]
    pseudo: Mapping[str, Any]
    reference: Callable[[str], Any]
    attribute: Callable[[str, str], Any]
    export: Callable[[str], Any]

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        if name not in self.template.conditions:
            raise TemplateError(f"Template format error: Unresolved condition dependency {name}")
        return self._holds(self.template.conditions[name])

    def wanted(self, part: Mapping[str, Any]) -> bool:
        """Whether a resource's or an output's condition, if it has one, holds."""
        return "Condition" not in part or self.condition(part["Condition"])

    def value(self, node: Any) -> Any:
        """The plain value; what is AWS::NoValue is left out."""
        found = self._value(node)
        return None if found is _NO_VALUE else found

    def _holds(self, node: Any) -> bool:
        if isinstance(node, Mapping) and len(node) == 1:
            ((name, value),) = node.items()
            match name:
                case "Condition":
                    return self.condition(value)
                case "Fn::Not":
                    return not self._holds(value[0])
                case "Fn::And":
                    return all(self._holds(item) for item in value)
                case "Fn::Or":
                    return any(self._holds(item) for item in value)
                case "Fn::Equals":
                    return _plain(self.value(value[0])) == _plain(self.value(value[1]))
        raise TemplateError("Template format error: Conditions can only be boolean operations on parameters")

    def _value(self, node: Any) -> Any:
        if isinstance(node, Mapping):
            if len(node) == 1:
                ((name, value),) = node.items()
                function = _FUNCTIONS.get(name)
                if function is not None:
                    return function(self, value)
                if name.startswith("Fn::"):
                    raise TemplateError(f"Template error: {name} is not known here")
            made = {name: self._value(value) for name, value in node.items()}
            return {name: value for name, value in made.items() if value is not _NO_VALUE}
        if isinstance(node, list):
            return [value for value in (self._value(item) for item in node) if value is not _NO_VALUE]
        return node

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            kind = str(self.template.parameters[name].get("Type"))
            text = self.parameters[name]
            listed = kind == "CommaDelimitedList" or "List<" in kind
            return [item.strip() for item in text.split(",")] if listed else text
        return self.reference(name)

    def _get_attribute(self, value: Any) -> Any:
        if isinstance(value, list):
            value = [value[0], self._value(value[1])]
        return self.attribute(*_attribute(value))

    def _substitute(self, value: Any) -> str:
        text, own = _sub(value)

        def filled(match: re.Match[str]) -> str:
            name = match.group(1)
            if name in own:
                return _plain(self.value(own[name]))
            return _plain(self._get_attribute(name) if "." in name else self._ref(name))

        return _REFERENCE.sub(filled, text).replace("${!", "${")

    def _join(self, value: Sequence[Any]) -> str:
        return str(value[0]).join(_plain(item) for item in self._value(value[1]))

    def _select(self, value: Sequence[Any]) -> Any:
        items, number = self._value(value[1]), int(self._value(value[0]))
        if not 0 <= number < len(items):
            raise TemplateError("Template error: Fn::Select cannot select nonexistent value at index " + str(number))
        return items[number]

    def _split(self, value: Sequence[Any]) -> list[str]:
        return str(self._value(value[1])).split(value[0])

    def _if(self, value: Sequence[Any]) -> Any:
        return self._value(value[1] if self.condition(value[0]) else value[2])

    def _find_in_map(self, value: Sequence[Any]) -> Any:
        name, first, second = (_plain(self._value(item)) for item in value[:3])
        try:
            return self.template.mappings[name][first][second]
        except KeyError:
            raise TemplateError(f"Template error: Unable to get mapping for {name}::{first}::{second}") from None

    def _base64(self, value: Any) -> str:
        return base64.b64encode(str(self._value(value)).encode()).decode()

    def _import(self, value: Any) -> Any:
        return self.export(str(self._value(value)))

    def _zones(self, value: Any) -> list[str]:
        region = self._value(value) or self.pseudo["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]


_FUNCTIONS: dict[str, Callable[[Resolver, Any], Any]] = {
    "Ref": Resolver._ref,
    "Fn::GetAtt": Resolver._get_attribute,
    "Fn::Sub": Resolver._substitute,
    "Fn::Join": Resolver._join,
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::If": Resolver._if,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::Base64": Resolver._base64,
    "Fn::ImportValue": Resolver._import,
    "Fn::GetAZs": Resolver._zones,
}
