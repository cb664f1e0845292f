# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""`python -m benchmarks.stub`: the endpoint in a process of its own."""

from __future__ import annotations

import asyncio

from benchmarks.stub.functions import Functions
from benchmarks.stub.items import Items
from benchmarks.stub.objects import Objects
from benchmarks.stub.restores import Restores
from benchmarks.stub.server import serve
from benchmarks.stub.users import Users

if __name__ == "__main__":
    asyncio.run(serve({kind.KIND: kind for kind in (Functions, Items, Objects, Restores, Users)}))
