# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: stacks
short_description: One inventory host for each environment that is deployed with CloudFormation
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Reads the CloudFormation stacks of accounts and regions, and gives one host for each deployed environment of an
    application, for example C(sc-agent-prod) for the stacks C(sc-agent-data-prod), C(sc-agent-app-prod) and
    C(sc-agent-monitoring-prod).
  - The host variables hold what procedures need - the names and states of the stacks, their outputs, and the physical
    names of functions, tables, buckets, user pools, secrets, alarms, APIs and log groups - so that no resource name has
    to be written down twice.
  - The inventory file is YAML and its name ends with C(stacks.yml) or C(stacks.yaml).
  - Stacks in every state are listed with their state, also V(ROLLBACK_COMPLETE), V(UPDATE_ROLLBACK_FAILED) or
    V(CREATE_IN_PROGRESS); only deleted ones are not. The resources of a nested stack belong to its root stack's
    environment, and a nested stack is never an environment of its own.
  - Regions and sources are read at the same time. It takes one C(DescribeStacks) call for each page of stacks and one
    C(ListStackResources) call for each page of a wanted stack's resources, at no more than 10 calls a second for each
    account and region.
extends_documentation_fragment:
  - inventory_cache
  - constructed
  - amazon.aws.boto3
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - amazon.aws.assume_role.plugins
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [runbook.aws.stacks]
  sources:
    description:
      - The accounts to read. What an entry does not set is taken from the option of the same name beside O(sources).
      - Credentials are taken as a set. An entry with a profile or a key of its own takes no credentials from anywhere
        else, not from the environment either.
      - Without this option there is one source, made of the other options.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What messages call this source. By default its number, profile, role and endpoint.
        type: str
      regions:
        description: See O(regions).
        type: list
        elements: str
      profile:
        description: A profile of the AWS configuration files. Hosts get it as C(runbook_profile).
        type: str
      assume_role_arn:
        description:
          - The role to take on, with the source's credentials, before anything is read. Hosts get it as
            C(runbook_assume_role_arn).
          - An empty string takes on no role where O(assume_role_arn) is set for the others.
        type: str
      endpoint_url:
        description:
          - Where to send the calls instead of to AWS, for example to the embedded AWS. Hosts get it as
            C(runbook_endpoint_url).
        type: str
      access_key:
        description:
          - The access key's ID. For the embedded AWS, whose keys are no secret. For a real account use a profile, a role
            or the environment, so that no key is written into a file.
        type: str
      secret_key:
        description: The secret key, see O(sources[].access_key).
        type: str
      session_token:
        description: The session token that belongs to a temporary key.
        type: str
      applications:
        description: See O(applications).
        type: list
        elements: str
      environments:
        description: See O(environments).
        type: list
        elements: str
  regions:
    description:
      - The regions to read.
      - By default the one of O(region), of the profile, or of the environment variable E(AWS_DEFAULT_REGION).
    type: list
    elements: str
  applications:
    description:
      - The applications that are wanted; the stacks of others are left out. Recommended, see the notes.
      - Also settles where the application's name ends, hyphens and all.
    type: list
    elements: str
    default: []
  environments:
    description:
      - The environments that are wanted; the stacks of others are left out.
      - Also settles where the environment's name starts, which matters when it has a hyphen, as in V(eu-prod).
    type: list
    elements: str
    default: []
  stack_name_pattern:
    description:
      - A Python regular expression for stacks that are named in another way. It must match the whole name and have the
        named groups C(application) and C(environment). Where it has no group C(part), the part is C(main).
      - By default stacks are named C(<application>-<part>-<environment>), and the notes say how a name is taken apart.
    type: str
  host_suffix:
    description:
      - What is added to C(<application>-<environment>) to make the host's name.
      - V(auto) adds nothing while the name is unique. Where the same environment is deployed more than once, all of its
        hosts get their region as a suffix (C(sc-agent-prod-eu-west-1)), or their account's ID when the regions do not
        tell them apart (C(sc-agent-prod-123456789012)), or both, account first. None ever replaces another.
      - The other values always add the same, whatever else is found. Choose one of them when host names are written
        down, in C(host_vars) or a scheduler, so that a second region does not change the name of the first.
    type: str
    choices: [auto, none, region, account, account_region]
    default: auto
  strict:
    description:
      - What happens when a source or a region can not be read, or a source has no environment. V(true) makes it an
        error. V(false) makes it a warning, and the environments of the other sources are usable; when nothing could be
        read, or no environment is found at all, it is an error all the same.
      - Also whether an expression of O(compose), O(groups) or O(keyed_groups) that can not be evaluated is an error.
    type: bool
    default: false
  endpoint_url:
    description:
      - Where to send the calls instead of to AWS.
    type: str
    aliases: [aws_endpoint_url]
    env:
      - name: AWS_URL
      - name: AWS_ENDPOINT_URL
  cache:
    description:
      - Keep what was read, with the cache plugin of O(cache_plugin), for O(cache_timeout) seconds. A run that finds it
        makes no call to AWS.
      - It is read again when this file or the access key changes, with C(--flush-cache), and after
        C(refresh_inventory) of M(ansible.builtin.meta). What is incomplete, because a source could not be read, is not kept.
      - The names and states in it are as old as it is. Do not cache where procedures that change things are run.
    type: bool
    default: false
    env:
      - name: ANSIBLE_INVENTORY_CACHE
    ini:
      - section: inventory
        key: cache
notes:
  - How C(sc-agent-app-prod) is taken apart when nothing is told - the last word is the environment (C(prod)), the word
    before it is the part (C(app)), and all that is left is the application (C(sc-agent)). So applications may have
    hyphens, parts and environments may not.
  - With O(applications) the part may have hyphens too, C(sc-agent-data-lake-prod). With O(environments) the environment
    may. Where several known names fit, the longest is taken.
  - When nothing is told, every stack whose name has three words is taken for one of an application. Set O(applications)
    for an account that has other stacks, for example of AWS Amplify or Control Tower.
  - Needs the IAM actions C(cloudformation:DescribeStacks), C(cloudformation:ListStacks) and
    C(cloudformation:ListStackResources), and C(sts:AssumeRole) where a role is taken on. Where C(DescribeStacks) of all
    stacks is denied, C(ListStacks) is used instead, with one C(DescribeStacks) for each wanted stack.
  - "Host variables: C(runbook_application), C(runbook_environment), C(runbook_region), C(runbook_account_id);
    C(runbook_stacks), a dictionary from part to C(name), C(status) and C(updated) (ISO 8601, UTC); C(runbook_outputs),
    the outputs of all stacks; C(runbook_functions), C(runbook_tables), C(runbook_buckets), C(runbook_user_pools),
    C(runbook_secrets), C(runbook_alarms), C(runbook_apis) and C(runbook_log_groups), dictionaries from short name to
    physical name; C(runbook_profile), C(runbook_assume_role_arn) and C(runbook_endpoint_url) where the source sets them."
  - A short name is the physical name without application and environment - C(orchestrator) for
    C(sc-agent-orchestrator-prod), C(/aws/lambda/orchestrator) for C(/aws/lambda/sc-agent-orchestrator-prod),
    C(database/credentials) for C(/sc-agent/prod/database/credentials), C(data) for a bucket
    C(sc-agent-data-prod-123456789012). It is the physical name itself where that is built in another way, as the IDs of
    user pools and APIs are, and where two resources would have the same short name.
  - Where two stacks of an environment give different values the same output key, C(runbook_outputs) has them as
    C(<part>.<key>) and not as the plain key.
  - "Groups: the environment (C(prod)), C(application_sc_agent), C(region_us_east_1) and C(account_123456789012).
    Characters that group names can not have become an underscore."
  - By itself Ansible goes on without hosts when an inventory can not be read, and the run ends as a success. Set
    C(any_unparsed_is_failed = true) in the section C([inventory]) of C(ansible.cfg), as this collection's own does.
seealso:
  - plugin: amazon.aws.aws_ec2
    plugin_type: inventory
"""

EXAMPLES = r"""
# prod.stacks.yml: one account, with the profile or the credentials of the environment (AWS_PROFILE, AWS_REGION, ...).
plugin: runbook.aws.stacks
applications: [sc-agent]

---
# Two accounts and two regions; the second account through a role. A region that can not be read is a warning.
plugin: runbook.aws.stacks
applications: [sc-agent]
sources:
  - name: development
    profile: development
    regions: [us-east-1]
  - name: production
    profile: operations
    assume_role_arn: arn:aws:iam::123456789012:role/runbook
    regions: [us-east-1, eu-west-1]

---
# Applications and environments with hyphens in their names, and an error when a source can not be read.
plugin: runbook.aws.stacks
regions: [eu-central-1]
applications: [order-desk, order]
environments: [eu-prod, prod, staging]
strict: true

---
# Stacks that are named in another way: Shop.Prod has no hyphens, prod--web--shop has them the other way round.
plugin: runbook.aws.stacks
regions: [us-east-1]
stack_name_pattern: (?P<environment>[a-z]+)--(?P<part>.+)--(?P<application>.+)
# Host names that stay as they are when a second region is added.
host_suffix: region

---
# Groups and variables of your own, and ten minutes of cache in files.
plugin: runbook.aws.stacks
regions: [us-east-1]
applications: [sc-agent]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/runbook-inventory
cache_timeout: 600
groups:
  # Environments of which a stack is in trouble.
  in_trouble: >-
    runbook_stacks.values() | map(attribute='status') | select('search', 'ROLLBACK|FAILED') | list | length > 0
keyed_groups:
  - key: runbook_stacks.keys() | list
    prefix: part
compose:
  health_url: runbook_outputs.ApiEndpoint ~ '/health'
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from ansible.errors import AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase

from ansible_collections.runbook.aws.plugins.module_utils._stacks import (
    AmbiguousHosts,
    BadPattern,
    group_names,
    host_names,
)
from ansible_collections.runbook.aws.plugins.plugin_utils._stack_sources import (
    CREDENTIALS,
    SOURCE_SPEC,
    BadSource,
    Found,
    fingerprint,
    read,
    sources_from,
)


class InventoryModule(AWSInventoryBase):
    NAME = "runbook.aws.stacks"
    INVENTORY_FILE_SUFFIXES = ("stacks.yml", "stacks.yaml")

    def __init__(self) -> None:
        super().__init__()
        self._config: Mapping[str, Any] = {}

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache=cache)
        pattern = self.get_option("stack_name_pattern")
        try:
            sources = sources_from(self._source_defaults(), self.templar.template(self.get_option("sources")))
            key = fingerprint(sources, pattern)
            environments = self._cached(path, cache, key)
            if environments is None:
                found = read(sources, pattern)
                self._report(found)
                environments = found.environments
                if self.get_option("cache") and not found.problems:
                    self._cache[self.get_cache_key(path)] = {"fingerprint": key, "environments": environments}
            names = host_names(environments, self.get_option("host_suffix"))
        except BadPattern as error:
            self.fail_aws(f"stack_name_pattern {error}")
        except (BadSource, AmbiguousHosts) as error:
            self.fail_aws(f"{path}: {error}")
        for name, variables in zip(names, environments, strict=True):
            self._add(name, variables)

    def get_option(self, option: str, hostvars: Mapping[str, Any] | None = None) -> Any:
        """Ansible's own: amazon.aws templates options in a way that ansible-core 2.23 removes; here it is done once."""
        return super(AWSInventoryBase, self).get_option(option, hostvars)

    def _read_config_data(self, path: str) -> Mapping[str, Any]:
        self._config = super()._read_config_data(path)
        known = {word for name in self.option_definitions for word in self._spellings(name)}
        if unknown := sorted(set(self._config) - known):
            # Ansible itself is silent about these, and a misspelt `applications` would let every stack in.
            self.fail_aws(f"{path} has the unknown option {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        return self._config

    def _spellings(self, option: str) -> list[str]:
        return [option, *(self.option_definitions[option].get("aliases") or ())]

    def _set_frozen_credentials(self) -> None:
        """The base class takes on one role for everything, even when the cache answers; here each source has its own."""

    def _do_fail(self, message: str) -> NoReturn:
        raise AnsibleParserError(message)

    def _source_defaults(self) -> dict[str, Any]:
        """The top-level options, with one set of credentials: the file's, or else the environment's."""
        options = {name: self.get_option(name) for name in [*SOURCE_SPEC, "region"] if name != "name"}
        written = [name for name in CREDENTIALS if any(word in self._config for word in self._spellings(name))]
        if written:
            options.update({name: None for name in CREDENTIALS if name not in written})
        elif options["access_key"]:
            # As boto3: keys in the environment win over AWS_PROFILE.
            options["profile"] = None
        return self.templar.template(options)

    def _cached(self, path: str, cache: bool, key: str) -> list[dict[str, Any]] | None:
        """What the cache has for this file as it is now."""
        hit, value = self.get_cached_result(path, cache)
        return value["environments"] if hit and value.get("fingerprint") == key else None

    def _report(self, found: Found) -> None:
        """Warnings or errors about what could not be read."""
        problems = found.problems + [
            f"{label}: no stack fits the naming. Check applications, environments, stack_name_pattern and regions"
            for label in found.empty
        ]
        if not found.regions_read:
            self.fail_aws(_listed("no stack could be read", problems))
        if not found.environments:
            self.fail_aws(_listed("no environment was found", [*problems, _what_is_there(found.other_stacks), _GONE]))
        if problems and self.get_option("strict"):
            self.fail_aws(_listed("not all sources could be read (strict is true)", problems))
        for problem in problems:
            self.warn(f"{problem.rstrip('.')}. The other sources are used (strict is false).")

    def _add(self, name: str, variables: Mapping[str, Any]) -> None:
        self.inventory.add_host(name)
        for variable, value in variables.items():
            self.inventory.set_variable(name, variable, value)
        for raw in group_names(variables):
            group = self.inventory.add_group(to_safe_group_name(raw, force=True, silent=True))
            self.inventory.add_child(group, name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


# A recovery has no host to run on, so it does without the inventory.
_GONE = (
    "If it is gone and to be recovered: playbooks/recover-environment.yml with -i localhost, as its first lines show it"
)


def _listed(what: str, problems: list[str]) -> str:
    if len(problems) == 1:
        return f"{what}: {problems[0]}"
    return f"{what}:\n" + "\n".join(f"- {problem}" for problem in problems)


def _what_is_there(stacks: list[str]) -> str:
    names = sorted(set(stacks))
    if not names:
        return "there is no stack at all. Is it the right account and region?"
    return f"the stacks there are: {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if names[5:] else "")
