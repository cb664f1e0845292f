# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A file of users and groups: elements of the modules' options, and everything that is wrong in it, line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ansible_collections.runbook.aws.plugins.module_utils._cognito_group import GROUPS_SPEC
from ansible_collections.runbook.aws.plugins.module_utils._cognito_group import check as check_group
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user import USERS_SPEC, read_targets
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target
from ansible_collections.runbook.aws.plugins.module_utils._visible import visible

# https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims, as Cognito has them:
# https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html; `sub` and `updated_at`
# are not the administrator's, and `name` is the column of the user's name.
_ATTRIBUTES = (
    "address",
    "birthdate",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "profile",
    "website",
    "zoneinfo",
)
_FULL_NAME = "full_name"
_CUSTOM = "custom:"
_BOOLEAN_ATTRIBUTES = ("email_verified", "phone_number_verified")
_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}

# What means something once is no desired state; and who is in a group is said of the user.
_NOT_IN_A_FILE = ("sign_out", "members", "members_absent")
_USER_OPTIONS = {name: spec for name, spec in USERS_SPEC["options"].items() if name not in _NOT_IN_A_FILE}
_GROUP_OPTIONS = {name: spec for name, spec in GROUPS_SPEC["options"].items() if name not in _NOT_IN_A_FILE}
# A column holds no mapping, and an attribute that shall go is named in YAML.
_COLUMNS = [name for name in _USER_OPTIONS if name not in ("attributes", "attributes_absent")]

_YAML = ".yml", ".yaml", ".json"
_TAG = "tag:yaml.org,2002:"


class _Wrong(Exception):
    """A value that cannot be what it stands for; the message says why, and what can be."""


@dataclass
class _Found:
    """What a file says, each element with its line, and what is wrong with it. Line 0 is no line."""

    users: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    groups: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def wrong(self, line: int, text: str) -> None:
        self.problems.append((line, visible(text)))


def users_of(source: str | Mapping[str, Any], path: str, defaults: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The users and groups that a file names.

    Args:
        source: The text of the file; or one user as cells by column, as a line of a CSV file has them, but with its
            attributes in a mapping `attributes`.
        path: Its name, which says by its ending what it is.
        defaults: Options of users that the file does not say, by name.

    Returns:
        `users` and `groups`, as elements of the options of `cognito_user` and `cognito_group`, and `problems`, sentences
        with the number of their line.
    """
    found = _Found()
    if isinstance(source, Mapping):
        _read_single(found, source)
    else:
        _read_text(found, source.removeprefix("\ufeff"), path)
    for _line, user in found.users:
        _complete(user, defaults)
    for _line, group in found.groups:
        group.setdefault("state", "present")
    _check(found)
    return {
        "users": [user for _line, user in found.users],
        "groups": [group for _line, group in found.groups],
        "problems": [f"line {line}: {text}" if line else text for line, text in sorted(found.problems)],
    }


def _read_single(found: _Found, source: Mapping[str, Any]) -> None:
    """One user. In one mapping an attribute that is called as an option would say something else of the user."""
    options = {name: cell for name, cell in source.items() if name != "attributes"}
    attributes: Mapping[str, Any] = source.get("attributes") or {}
    for name in options.keys() - set(_COLUMNS):
        found.wrong(0, f"there is no option {name}. There are {', '.join(_COLUMNS)}, attributes.")
    for name, value in attributes.items():
        if not isinstance(value, str | int | float):
            found.wrong(0, f"the attribute {name} is no text. Give one, or leave it out.")
        elif name == "name":
            found.wrong(0, f"name is not an attribute here. The one that Cognito calls so is {_FULL_NAME}.")
        elif name in _COLUMNS:
            found.wrong(0, f"{name} is an option and not an attribute. Say it by itself, or in a file.")
        elif not _is_column(name):
            found.wrong(0, f"there is no attribute {name}. There are {_known_attributes()}.")
    if not found.problems:
        _read_row(found, 0, {name: f"{cell}" for name, cell in {**options, **attributes}.items()})


def _read_text(found: _Found, text: str, path: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        # How undecodable bytes arrive.
        if any("\ud800" <= letter <= "\udfff" for letter in line):
            found.wrong(number, "is not UTF-8. Save the file as UTF-8 (in Excel: CSV UTF-8).")
    if found.problems:
        return
    ending = path[path.rfind(".") :].lower() if "." in path else ""
    if ending == ".csv":
        _read_csv(found, text)
    elif ending in _YAML:
        _read_yaml(found, text)
    else:
        found.wrong(0, f"its name ends neither in .csv nor in {', '.join(_YAML)}. Rename the file to what it is.")
        return
    if not (found.users or found.groups or found.problems):
        found.wrong(0, "nobody is in it. To leave everything as it is, do not run this.")


def _complete(user: dict[str, Any], defaults: Mapping[str, Any]) -> None:
    """Add what the file does not say."""
    if user.setdefault("state", "present") == "absent":
        return
    for name, value in defaults.items():
        if name == "groups_exact" and "groups" not in user:
            continue
        user.setdefault(name, value)


# --- both ------------------------------------------------------------------------------------------------------------


def _check(found: _Found) -> None:
    """What makes sense in no pool."""
    _check_doubles(found, found.users, "user")
    _check_doubles(found, found.groups, "group")
    for line, user in found.users:
        _refusal(found, line, _as_module(user, _USER_OPTIONS), lambda given: read_targets([given], True))
    for line, group in found.groups:
        _refusal(
            found, line, _as_module(group, _GROUP_OPTIONS), lambda given: check_group(Target(given["name"], given))
        )
    gone = {group["name"]: line for line, group in found.groups if group["state"] == "absent"}
    for line, user in found.users:
        for group in sorted(gone.keys() & set(user.get("groups") or ())):
            found.wrong(
                line, f"{user['name']} is in the group {group}, which line {gone[group]} deletes. Say one of them."
            )


def _check_doubles(found: _Found, elements: Iterable[tuple[int, Mapping[str, Any]]], what: str) -> None:
    first: dict[str, int] = {}
    for line, element in elements:
        name = element["name"]
        if name in first:
            found.wrong(line, f"the {what} {name} is in line {first[name]} already. Say everything of it there.")
        first.setdefault(name, line)


def _as_module(element: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """An element as the module would get it."""
    return {**{name: spec["default"] for name, spec in options.items() if "default" in spec}, **element}


def _refusal(found: _Found, line: int, given: dict[str, Any], check: Callable[[dict[str, Any]], Any]) -> None:
    try:
        check(given)
    except Refused as refusal:
        text = f"{refusal}"
        # Of a list it tells how many are wrong, and then each in a line.
        found.wrong(line, text.partition("\n- ")[2] or text)


# --- CSV -------------------------------------------------------------------------------------------------------------


def _read_csv(found: _Found, text: str) -> None:
    # Strict: a quote that is never closed would otherwise swallow all other lines.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    end = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            found.wrong(end + 1, f"the quotes do not match ({error}). Quote a whole cell, and double a quote in it.")
            end = reader.line_num
            continue
        # A cell in quotes can have several lines.
        begin, end = end + 1, reader.line_num
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if header is None:
            header = cells
            if not _sound_header(found, begin, header):
                return
        elif len(cells) != len(header):
            found.wrong(begin, f"has {len(cells)} cells, and the header has {len(header)}. Quote a cell with a comma.")
        else:
            _read_row(found, begin, dict(zip(header, cells, strict=True)))
    if header is None and not found.problems:
        found.wrong(1, f"there is no header. The first line names the columns: {_known_columns()}.")


def _known_columns() -> str:
    return f"{', '.join(_COLUMNS)}, {_known_attributes()}"


def _known_attributes() -> str:
    return ", ".join((*_ATTRIBUTES, _FULL_NAME, f"{_CUSTOM}…"))


def _sound_header(found: _Found, line: int, header: Sequence[str]) -> bool:
    if len(header) == 1 and (other := next((sign for sign in ";\t|" if sign in header[0]), None)):
        found.wrong(line, f"columns are separated by {other!r}. Separate them by commas.")
        return False
    before = len(found.problems)
    unknown = [column for column in header if not _is_column(column)]
    if "name" not in header:
        found.wrong(line, f"is no header with the column name. The first line names the columns: {_known_columns()}.")
    elif unknown:
        shown = ", ".join(column or "(empty)" for column in unknown)
        found.wrong(line, f"there is no column {shown}. There are {_known_columns()}.")
    for column in dict.fromkeys(column for column in header if header.count(column) > 1):
        found.wrong(line, f"the column {column} is there twice. Leave one out.")
    return len(found.problems) == before


def _is_column(column: str) -> bool:
    return column in (*_COLUMNS, *_ATTRIBUTES, _FULL_NAME) or (column.startswith(_CUSTOM) and column != _CUSTOM)


def _read_row(found: _Found, line: int, row: Mapping[str, str]) -> None:
    """One user from cells that are said, by column."""
    name = row["name"]
    user: dict[str, Any] = {"name": name}
    attributes: dict[str, Any] = {}
    before = len(found.problems)
    if not name:
        found.wrong(line, "the user has no name. Fill the column name.")
    for column, cell in row.items():
        if column == "name" or (not cell and column != "groups"):
            continue
        try:
            if not cell.isprintable():
                raise _Wrong("has a line break, a tab or another character that cannot be seen. Take it out.")
            if column in _COLUMNS:
                user[column] = _cell(_USER_OPTIONS[column], cell)
            elif column in _BOOLEAN_ATTRIBUTES:
                attributes[column] = _boolean(cell)
            else:
                attributes["name" if column == _FULL_NAME else column] = cell
        except _Wrong as wrong:
            found.wrong(line, f"{name or 'a user'}: {column} {wrong}")
    if attributes:
        user["attributes"] = attributes
    if user.get("state") == "absent" and not user.get("groups"):
        user.pop("groups", None)
    if len(found.problems) == before:
        found.users.append((line, user))


def _cell(spec: Mapping[str, Any], cell: str) -> Any:
    if spec["type"] == "bool":
        return _boolean(cell)
    if spec["type"] == "list":
        parts = [part.strip() for part in cell.split(";")] if cell else []
        return [_choice(spec, part) for part in parts if part]
    return _choice(spec, cell)


def _boolean(cell: str) -> bool:
    if cell.lower() not in _BOOLEANS:
        raise _Wrong(f"is {cell!r}. Give true or false.")
    return _BOOLEANS[cell.lower()]


def _choice(spec: Mapping[str, Any], text: str) -> str:
    if "choices" in spec and text not in spec["choices"]:
        raise _Wrong(f"is {text!r}. Give {' or '.join(spec['choices'])}.")
    return text


# --- YAML ------------------------------------------------------------------------------------------------------------


def _read_yaml(found: _Found, text: str) -> None:
    # The one in C is ten times as fast; not every PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found.wrong(mark.line + 1 if mark else 0, f"is no YAML: {error.problem or error.context}.")
        return
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found.wrong(line, f"is no YAML: {error.reason}.")
        return
    if root is None:
        found.wrong(0, "the file is empty. It has users, groups or both, each a list.")
        return
    try:
        parts = _mapping(root, ("users", "groups"))
    except _Wrong as wrong:
        found.wrong(_line(root), f"the file {wrong} It has users, groups or both, each a list.")
        return
    for what, options, elements in (
        ("users", _USER_OPTIONS, found.users),
        ("groups", _GROUP_OPTIONS, found.groups),
    ):
        if what in parts:
            _read_elements(found, what, parts[what], options, elements)


def _read_elements(
    found: _Found, what: str, node: Any, options: Mapping[str, Any], elements: list[tuple[int, dict[str, Any]]]
) -> None:
    if not isinstance(node, yaml.SequenceNode):
        found.wrong(_line(node), f"{what} is no list. Begin each element with '- name: '.")
        return
    for one in node.value:
        before = len(found.problems)
        element: dict[str, Any] = {}
        try:
            said = _mapping(one, options)
            if "name" not in said:
                raise _Wrong("has no name.")
        except _Wrong as wrong:
            found.wrong(_line(one), f"an element of {what} {wrong}")
            continue
        for name, value in said.items():
            try:
                element[name] = _value(options[name], value)
            except _Wrong as wrong:
                found.wrong(_line(value), f"{what}, {name} {wrong}")
        if len(found.problems) == before:
            elements.append((_line(one), element))


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _mapping(node: Any, known: Iterable[str]) -> dict[str, Any]:
    """The nodes of a mapping by key."""
    if not isinstance(node, yaml.MappingNode):
        raise _Wrong("is no mapping.")
    pairs: dict[str, Any] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else "(a list or mapping)"
        if name not in known:
            raise _Wrong(f"has {name!r} (line {_line(key)}), which is not known. Known: {', '.join(known)}.")
        if name in pairs:
            raise _Wrong(f"has {name!r} twice (line {_line(key)}). Say it once.")
        pairs[name] = value
    return pairs


def _value(spec: Mapping[str, Any], node: Any) -> Any:
    kind = spec["type"]
    if kind == "list":
        if not isinstance(node, yaml.SequenceNode):
            raise _Wrong("is no list.")
        return [_choice(spec, _text(one)) for one in node.value]
    if kind == "dict":
        return _attributes(node)
    if kind == "bool":
        return _yaml_boolean(node)
    if kind == "int":
        if not _is(node, "int") or not node.value.lstrip("+-").isdigit():
            raise _Wrong("is no whole number.")
        return int(node.value)
    return _choice(spec, _text(node))


def _is(node: Any, kind: str) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == f"{_TAG}{kind}"


def _text(node: Any) -> str:
    """A text as it stands there: YAML takes +14255550123 for a number, and would lose its sign."""
    if not any(_is(node, kind) for kind in ("str", "int", "float", "timestamp")):
        raise _Wrong("is no text. Put it in quotes.")
    return str(node.value)


def _yaml_boolean(node: Any) -> bool:
    if not _is(node, "bool") or node.value.lower() not in (*_BOOLEANS, "on", "off"):
        raise _Wrong("is neither true nor false.")
    return node.value.lower() in ("true", "yes", "on")


def _attributes(node: Any) -> dict[str, Any]:
    if not isinstance(node, yaml.MappingNode):
        raise _Wrong("is no mapping.")
    attributes: dict[str, Any] = {}
    for key, value in node.value:
        name = _text(key)
        if name in attributes:
            raise _Wrong(f"has {name!r} twice (line {_line(key)}). Say it once.")
        try:
            attributes[name] = _yaml_boolean(value) if _is(value, "bool") else _text(value)
        except _Wrong as wrong:
            raise _Wrong(f"has {name} (line {_line(value)}), which {wrong}") from None
    return attributes
