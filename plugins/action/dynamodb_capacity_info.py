# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The module of this name runs in the controller's worker."""

from ansible_collections.runbook.aws.plugins.plugin_utils._in_process import ActionModule

__all__ = ["ActionModule"]
