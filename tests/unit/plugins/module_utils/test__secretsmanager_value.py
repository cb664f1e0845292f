# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a new value is made of, and that no message quotes one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_value import (
    MOST_BYTES,
    leaves,
    new_text,
    read_file,
    same,
)

THERE = '{"username": "admin", "password": "old-Pa55", "port": 5432}'


def made(given: Any, there: str | None = THERE, keys: tuple[str, ...] = ("password",), add_keys: bool = False) -> str:
    return new_text("db", keys, add_keys, there, given)


def test_named_keys_are_replaced_and_the_others_kept_in_their_order() -> None:
    assert made({"password": "new-Pa55"}) == '{"username": "admin", "password": "new-Pa55", "port": 5432}'
    assert json.loads(made({"password": "ä", "port": 1}, keys=("password", "port")))["port"] == 1


def test_the_whole_value_is_a_text_as_it_was_given() -> None:
    assert made('{"a": 1}', keys=()) == '{"a": 1}'


def test_a_new_key_is_taken_only_when_that_is_said() -> None:
    assert json.loads(made({"more": "x"}, keys=("more",), add_keys=True))["more"] == "x"
    assert made({"password": "x"}, there=None, add_keys=True) == '{"password": "x"}'


@pytest.mark.parametrize(
    ("given", "there", "keys", "says"),
    [
        ({"pasword": "new-Pa55"}, THERE, ("pasword",), "has no key pasword; it has password, port, username"),
        ({"password": "new-Pa55"}, "plain-Pa55", ("password",), "its value is no JSON object"),
        ({"password": "new-Pa55"}, '["old-Pa55"]', ("password",), "its value is no JSON object"),
        ({"password": "new-Pa55"}, None, ("password",), "it has none"),
        ({"password": ""}, THERE, ("password",), "value of password is empty"),
        ({"password": None}, THERE, ("password",), "value of password is empty"),
        ({"password": "new-Pa55", "port": 1}, THERE, ("password",), "do not name the same keys: port"),
        ({}, THERE, ("password",), "do not name the same keys: password"),
        ("new-Pa55", THERE, ("password",), "a dictionary with a value for each"),
        ({"password": "new-Pa55"}, THERE, (), "no keys are named"),
        ("", THERE, (), "the new value is empty"),
        (17, THERE, (), "value is int, and a secret is text"),
        ("ä" * (MOST_BYTES // 2 + 1), THERE, (), "65538 bytes, and Secrets Manager takes 65536"),
    ],
)
def test_what_makes_no_value_is_refused_without_quoting_one(
    given: Any, there: str | None, keys: tuple[str, ...], says: str
) -> None:
    with pytest.raises(Refused, match=says) as refused:
        made(given, there, keys)
    assert "Pa55" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_file_is_read_without_the_newline_that_editors_add(tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text("new-Pa55\n")
    file.chmod(0o600)
    assert read_file("db", str(file), keyed=False) == "new-Pa55"
    file.write_text('{"password": "new-Pa55"}\r\n')
    assert read_file("db", str(file), keyed=True) == {"password": "new-Pa55"}


@pytest.mark.parametrize(
    ("content", "mode", "keyed", "says"),
    [
        (b"new-Pa55", 0o644, False, "mode 0644, so others than its owner"),
        (b"new-Pa55", 0o620, False, "mode 0620"),
        (b"\xff\xfePa55", 0o600, False, "is not text in UTF-8"),
        (b"new-Pa55", 0o600, True, "is no JSON object"),
    ],
)
def test_a_file_that_others_may_read_or_that_is_no_value_is_refused(
    tmp_path: Path, content: bytes, mode: int, keyed: bool, says: str
) -> None:
    file = tmp_path / "value"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(Refused, match=says) as refused:
        read_file("db", str(file), keyed=keyed)
    assert "Pa55" not in str(refused.value)


@pytest.mark.parametrize("kind", ["fifo", "pipe", "device"])
def test_what_can_be_read_only_once_is_refused_at_once_with_the_ways_that_there_are(tmp_path: Path, kind: str) -> None:
    read, write = os.pipe()
    os.write(write, b"new-Pa55")
    os.mkfifo(tmp_path / "fifo", 0o600)
    path = {"fifo": str(tmp_path / "fifo"), "pipe": f"/dev/fd/{read}", "device": os.devnull}[kind]
    try:
        with pytest.raises(Refused, match="is a pipe or a device") as refused:
            read_file("db", path, keyed=False)
        # Nothing was taken out of it.
        assert os.read(read, 99) == b"new-Pa55"
    finally:
        os.close(read)
        os.close(write)
    assert "Give a file of mode 0600 in value_file, or value from Ansible Vault or a lookup" in str(refused.value)
    assert "chmod" not in str(refused.value)


def test_a_folder_is_no_value(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read: Is a directory"):
        read_file("db", str(tmp_path), keyed=False)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Refused, match=r"db: /nowhere/value cannot be read: No such file"):
        read_file("db", "/nowhere/value", keyed=False)


def test_objects_are_the_same_in_any_order_and_form() -> None:
    assert same('{"a": 1, "b": 2}', '{"b":2,"a":1}')
    assert same("text", "text")
    assert not same('{"a": 1}', '{"a": "1"}')
    assert not same(None, "text")
    assert not same("text", "Text")


def test_every_text_and_number_of_a_value_is_known_also_in_a_text_that_is_an_object() -> None:
    text = '{"password": "a b", "pin": 12, "nested": {"list": ["deep-value", true, null]}}'
    assert leaves(text) == [text, "a b", "12", "deep-value"]
    assert leaves({"config": text})[0] == text
