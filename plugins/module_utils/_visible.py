# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Texts of others on an operator's terminal."""

from __future__ import annotations


def visible(text: str) -> str:
    """The text with what cannot be seen, or would steer a terminal, as an escape: a line break as \\n."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode() for letter in text
    )
