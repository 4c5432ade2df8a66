"""Extend the templates to further contracts: what a role may do in the default contract's folders, it may do in theirs.

The templates are written for one contract. Each resource of a policy that names the contract's prefix, its crawler, its
Glue jobs or its endpoint is repeated for each further contract, and so is each lifecycle rule of the bucket. For one
role that would be more than IAM takes in the role itself; what it may do for further contracts stands in managed
policies beside it. A template without further contracts stays as it is, byte for byte.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import batched

from include.contract.in_force import endpoint_name

PREFIX = "${ContractPrefix}"
NAMED = ("GlueCrawler", "GlueJob", "GlueScoringJob")
ENDPOINT = 'endpoint/${EndpointName}"'
SPLIT_ROLE = "Mwaa"
"""The role, as the template calls it, whose permissions for further contracts stand in managed policies."""
CONTRACTS_A_POLICY = 3
"""So many fit into a managed policy even with the longest names."""
MOST_POLICIES = 10
"""Managed policies that IAM attaches to a role, unless AWS has raised the account's quota."""
NAMED_RESOURCE = re.compile(r"^  (?P<name>\w+):")
STATEMENT = re.compile(r"^(?P<indent> *)- Sid: ")
ANY_ITEM = re.compile(r'^ *- !(Sub "arn:|GetAtt |Ref )')
ITEM = re.compile(r'^ *- !Sub "arn:.*"$')
RESOURCE = re.compile(r'^(?P<indent> *)Resource: (?P<value>!Sub "arn:.*")$')
RULE = re.compile(r"^(?P<indent> *)- Id: (?P<id>[\w-]+)$")
LARGEST_TEMPLATE = 51_200
"""Bytes that CloudFormation takes in a request; a larger template is read from S3."""
LARGEST_POLICY = 10_240
"""Characters that IAM takes in all inline policies of a role together, white space not counted."""
LARGEST_MANAGED_POLICY = 6_144
"""Characters that IAM takes in a managed policy, white space not counted."""

Contracts = Mapping[str, str]
"""Name of a further contract to its prefix."""


def with_contracts(body: str, contracts: Contracts) -> str:
    """Return a template's text that holds for the further contracts too."""
    if not contracts:
        return body
    lines: list[str] = []
    rule: list[str] = []
    split_role: list[str] = []
    resource = ""
    for line in body.splitlines():
        begin = NAMED_RESOURCE.match(line)
        if begin:
            if resource == SPLIT_ROLE:
                lines += _managed_policies(split_role, contracts)
            resource = begin["name"]
        if resource == SPLIT_ROLE:
            split_role.append(line)
            lines.append(line)
            continue
        if rule and not _belongs(line, rule):
            lines += _copies_of_rule(rule, contracts)
            rule = []
        if RULE.match(line):
            rule = [line]
        elif rule:
            rule.append(line)
        lines += _lines_for(line, contracts)
    return "\n".join(lines) + "\n"


def _managed_policies(role: list[str], contracts: Contracts) -> list[str]:
    """Return managed policies with what the split role may do for further contracts, as resources of the template.

    Args:
        role: lines of the role, whose own policies are those of the stage's contract.
        contracts: the further ones.
    """
    statements = list(_own_statements(role))
    lines: list[str] = []
    packs = batched(contracts.items(), CONTRACTS_A_POLICY)
    for number, pack in enumerate(packs, start=1):
        lines += [
            f"  {SPLIT_ROLE}Contracts{number}:",
            "    Type: AWS::IAM::ManagedPolicy",
            "    Properties:",
            f"      Description: what the role may do for {', '.join(name for name, _ in pack)}",
            f"      Roles: [!Ref {SPLIT_ROLE}]",
            "      PolicyDocument:",
            '        Version: "2012-10-17"',
            "        Statement:",
        ]
        for statement in statements:
            lines += _of_contracts_alone(statement, dict(pack))
        lines.append("")
    return lines


def _own_statements(role: list[str]) -> Iterator[list[str]]:
    """Yield the lines of each statement of a role that names something which every contract has of its own."""
    statement: list[str] = []
    for line in [*role, ""]:
        begin = STATEMENT.match(line)
        if statement and (begin or not line.startswith(_inside(statement))):
            if any(map(_is_own, statement)):
                yield statement
            statement = []
        if begin or statement:
            statement.append(line)


def _inside(statement: list[str]) -> str:
    """Return with how many blanks the lines of a statement begin."""
    match = STATEMENT.match(statement[0])
    indent = match["indent"] if match else ""
    return f"{indent}  "


def _of_contracts_alone(
    statement: list[str], contracts: Contracts
) -> list[str]:
    """Return a statement with the resources of some contracts in place of those that it names."""
    lines: list[str] = []
    for line in statement:
        if _is_own(line):
            copies = _lines_for(line, contracts)
            lines += [copy for copy in copies if not _is_own(copy)]
        elif not ANY_ITEM.match(line):
            lines.append(line)
    return lines


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
    endpoint = endpoint_name(ENDPOINT.removesuffix('"'), name)
    return line.replace(ENDPOINT, f'{endpoint}"')


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
