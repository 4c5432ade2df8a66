"""Extend the templates to further contracts: what a role may do in the default contract's folders, it may do in theirs.

The templates are written for one contract. Each resource of a policy that names the contract's prefix, its crawler, its
Glue jobs or its endpoint is repeated for each further contract, and so is each lifecycle rule of the bucket. A template
without further contracts stays as it is, byte for byte.
"""

import re
from collections.abc import Mapping

PREFIX = "${ContractPrefix}"
NAMED = ("GlueCrawler", "GlueJob", "GlueScoringJob")
ENDPOINT = 'endpoint/${EndpointName}"'
ITEM = re.compile(r'^ *- !Sub "arn:.*"$')
RESOURCE = re.compile(r'^(?P<indent> *)Resource: (?P<value>!Sub "arn:.*")$')
RULE = re.compile(r"^(?P<indent> *)- Id: (?P<id>[\w-]+)$")
LARGEST_TEMPLATE = 51_200
"""Bytes that CloudFormation takes in a request."""
LARGEST_POLICY = 10_240
"""Characters that IAM takes in all inline policies of a role together, white space not counted."""

Contracts = Mapping[str, str]
"""Name of a further contract to its prefix."""


def with_contracts(body: str, contracts: Contracts) -> str:
    """Return a template's text that holds for the further contracts too."""
    if not contracts:
        return body
    lines: list[str] = []
    rule: list[str] = []
    for line in body.splitlines():
        if rule and not _belongs(line, rule):
            lines += _copies_of_rule(rule, contracts)
            rule = []
        if RULE.match(line):
            rule = [line]
        elif rule:
            rule.append(line)
        lines += _lines_for(line, contracts)
    return "\n".join(lines) + "\n"


def _lines_for(line: str, contracts: Contracts) -> list[str]:
    """Return a line of a policy, and those of the further contracts where it names what a contract has of its own."""
    if not _is_own(line):
        return [line]
    if ITEM.match(line):
        return [line, *(_copy(line, *entry) for entry in contracts.items())]
    match = RESOURCE.match(line)
    if match is None:
        return [line]
    item = f"{match['indent']}  - {match['value']}"
    copies = [_copy(item, *entry) for entry in contracts.items()]
    return [f"{match['indent']}Resource:", item, *copies]


def _is_own(line: str) -> bool:
    """Return whether a line names something that every contract has of its own."""
    names = [f'${{{name}}}"' for name in NAMED]
    return any(text in line for text in (PREFIX, ENDPOINT, *names))


def _copy(line: str, name: str, prefix: str) -> str:
    """Return a line for another contract (include.contract.in_force.settings_of says how its names are made)."""
    line = line.replace(PREFIX, prefix)
    for named in NAMED:
        line = line.replace(f'${{{named}}}"', f'${{{named}}}-{name}"')
    words = name.replace("_", "-")
    return line.replace(ENDPOINT, f'{ENDPOINT[:-1]}-{words}"')


def _belongs(line: str, rule: list[str]) -> bool:
    """Return whether a line is a further key of a lifecycle rule."""
    match = RULE.match(rule[0])
    indent = match["indent"] if match else ""
    return line.startswith(f"{indent}  ") and not line.lstrip().startswith("#")


def _copies_of_rule(rule: list[str], contracts: Contracts) -> list[str]:
    """Return a lifecycle rule for each further contract; nothing for a rule about no contract's folder."""
    if not any(PREFIX in line for line in rule):
        return []
    copies = []
    for name, prefix in contracts.items():
        copies.append(f"{rule[0]}-{name}")
        copies += [line.replace(PREFIX, prefix) for line in rule[1:]]
    return copies
