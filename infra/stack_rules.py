"""Find in a template what CloudFormation accepts at first and fails at later: at an update, or at the deletion.

The rules know no resource by name. What a type can do comes from its schema, as cfn-lint has it.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

SCHEMA_REGION = "us-east-1"
"""The region whose schemas are complete."""
LOOKED_UP = "AWS::SSM::Parameter::Value<"
"""A template's parameter of this type is looked up in SSM again at every update."""
UNPINNED = re.compile(r"\{\{resolve:ssm(-secure)?:[^:}]+\}\}")
"""A dynamic reference without a version: the newest value, at every update."""
SUBSTITUTED = re.compile(r"\$\{([^!}.]+)\.?([^}]*)\}")
IDENTIFYING = ("Arn", "Id", "Name")
"""Ends of the attributes that stay while a resource is updated in place."""
ADDRESSES = frozenset(
    {"PrivateIpAddress", "PrivateIpAddresses", "Ipv6Address", "Ipv6Addresses"}
)
"""Properties, at any depth, with addresses of a network, which has each of them once."""
Template = dict[str, Any]
Resource = dict[str, Any]


def findings(template: Template) -> list[str]:
    """Return what is wrong with a parsed template; empty when nothing is."""
    return [*_replacements(template), *_attachments(template)]


def _replacements(template: Template) -> Iterator[str]:
    """Find resources that AWS's next release replaces although only one of them can exist.

    CloudFormation makes the new resource before it deletes the old one. That fails where the resource has a name of its
    own, or holds something that can be attached to one resource at a time.
    """
    followers = _Followers(template)
    for name, resource in template["Resources"].items():
        schema = _schema(resource["Type"])
        properties = resource.get("Properties", {})
        following = {
            member: value
            for member, value in properties.items()
            if followers.follows(value)
        }
        replacing = following.keys() & _create_only(schema)
        fixed = {
            member: value
            for member, value in properties.items()
            if member not in following
        }
        for member in sorted(replacing):
            behind = followers.behind(following[member])
            exclusive = sorted(_exclusive(resource["Type"], fixed, behind))
            if exclusive:
                yield (
                    f"{name}: {member} follows SSM, and a new value replaces the resource, "
                    f"of which there can be one alone ({', '.join(exclusive)}): give the value itself"
                )


class _Followers:
    """What of a template gets a new value when a parameter in SSM does, directly or through other resources."""

    def __init__(self, template: Template) -> None:
        self._resources = template["Resources"]
        self._looked_up = {
            name
            for name, parameter in template.get("Parameters", {}).items()
            if parameter["Type"].startswith(LOOKED_UP)
        }

    def follows(self, value: Any, seen: frozenset[str] = frozenset()) -> bool:
        """Tell whether a value follows SSM; `seen` are the resources on the way to it."""
        if _is_unpinned(value):
            return True
        for name, attribute in _uses(value):
            if name in self._looked_up:
                return True
            if name not in self._resources or name in seen:
                continue
            if self._changes(name, attribute, seen | {name}):
                return True
        return False

    def behind(self, value: Any) -> list[Resource]:
        """Return the properties of the resources that a value refers to: those of an instance's launch template."""
        names = _references(value) & self._resources.keys()
        return [
            self._resources[name].get("Properties", {})
            for name in sorted(names)
        ]

    def _changes(self, name: str, attribute: str, seen: frozenset[str]) -> bool:
        """Tell whether a reference to a resource gets another value.

        Every reference does where the resource is replaced. Where it is updated in place, only an attribute does that
        identifies nothing, such as the number of a launch template's latest version.
        """
        schema = _schema(self._resources[name]["Type"])
        create_only = _create_only(schema)
        read_only = _members(schema.get("readOnlyProperties", []))
        is_state = attribute in read_only
        is_state = is_state and not attribute.endswith(IDENTIFYING)
        properties = self._resources[name].get("Properties", {})
        return any(
            self.follows(value, seen)
            for member, value in properties.items()
            if is_state or member in create_only
        )


def _attachments(template: Template) -> Iterator[str]:
    """Find attachments that go before the resource which uses what they attach.

    A stack's deletion begins with the attachment, because it refers to both; a volume is mounted at that moment. The
    resource's own property of the same kind lets go when the resource has ended.
    """
    resources = template["Resources"]
    for name, resource in resources.items():
        if not resource["Type"].endswith("Attachment"):
            continue
        properties = resource.get("Properties", {})
        owners = set()
        for value in properties.values():
            owners |= _references(value) & set(resources)
        for owner in sorted(owners):
            kind = resources[owner]["Type"]
            inline = _nested_names(kind) & set(properties)
            inline -= _members(_schema(kind).get("primaryIdentifier", []))
            for member in sorted(inline & _identifiers(resource["Type"])):
                yield (
                    f"{name}: {member} is detached while {owner} still uses it, and the deletion waits for ever: "
                    f"attach it within {owner}"
                )


def _exclusive(
    kind: str, properties: dict[str, Any], behind: list[dict[str, Any]]
) -> set[str]:
    """Return the properties in use because of which there can be one resource alone.

    Args:
        kind: type of the resource.
        properties: of the resource, without those that change.
        behind: properties of the resources that describe it too, such as its launch template.
    """
    in_use = set(_keys(properties))
    for described in behind:
        in_use |= set(_keys(described))
    names = set(properties) & _own_names(kind)
    names |= (_attachable(kind) | ADDRESSES) & in_use
    if "VpcId" in properties:
        # Of a subnet: no two of a network have the same addresses.
        names |= {"CidrBlock"} & set(properties)
    return names


@cache
def _own_names(kind: str) -> frozenset[str]:
    """Return the properties that name a resource of a type, and which two resources cannot share.

    These are an identifier of which AWS chooses no part, and the create-only name: `Name`, or the end of the type with
    `Name` or `Identifier`. The KeyName of an instance is the name of something else.
    """
    schema = _schema(kind)
    read_only = _members(schema.get("readOnlyProperties", []))
    names = set()
    for member in _create_only(schema) - read_only:
        word = re.fullmatch(r"(\w*)(?:Name|Identifier)", member)
        if word and kind.lower().endswith(word[1].lower()):
            names.add(member)
    identifier = _members(schema.get("primaryIdentifier", []))
    if not identifier & read_only:
        names |= identifier
    return frozenset(names)


@cache
def _attachable(kind: str) -> frozenset[str]:
    """Return the identifiers of what can be attached to a type: of volumes and interfaces for an instance.

    These are the identifiers in attachments and associations that name the type's own identifier beside them.
    """
    own = _members(_schema(kind).get("primaryIdentifier", []))
    service = kind.rsplit("::", 1)[0]
    names: set[str] = set()
    for other in _schemas().get_resource_types(SCHEMA_REGION):
        if not other.startswith(f"{service}::"):
            continue
        if not other.endswith(("Attachment", "Association")):
            continue
        identifiers = _identifiers(other)
        if own & identifiers:
            names |= identifiers - own
    return frozenset(names)


@cache
def _identifiers(kind: str) -> frozenset[str]:
    """Return the properties of a type that name other resources."""
    schema = _schema(kind)
    settable = set(schema.get("properties", {}))
    settable -= _members(schema.get("readOnlyProperties", []))
    return frozenset(name for name in settable if name.endswith("Id"))


@cache
def _nested_names(kind: str) -> frozenset[str]:
    """Return every name of a property, at any depth, that a type's schema knows."""
    schema = _schema(kind)
    names: set[str] = set(schema.get("properties", {}))
    for definition in schema.get("definitions", {}).values():
        names |= set(definition.get("properties", {}))
    return frozenset(names)


def _schemas() -> Any:
    """Return cfn-lint's copy of CloudFormation's schemas."""
    # Imported here: the deploying half of deploy.yml has no cfn-lint.
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    return PROVIDER_SCHEMA_MANAGER


@cache
def _schema(kind: str) -> dict[str, Any]:
    schema = _schemas().get_resource_schema(SCHEMA_REGION, kind)
    return dict(schema.schema)


def _create_only(schema: dict[str, Any]) -> set[str]:
    """Return the properties of which a new value replaces the resource."""
    return _members(schema.get("createOnlyProperties", []))


def _members(paths: list[str]) -> set[str]:
    """Return the properties at the top that a schema's paths lead to: ImageId of /properties/ImageId."""
    return {path.split("/")[2] for path in paths}


def _nested(value: Any) -> Iterator[Any]:
    """Yield a value and all values below it, at any depth."""
    yield value
    items: list[Any] = []
    if isinstance(value, dict):
        items = list(value.values())
    if isinstance(value, list):
        items = value
    for item in items:
        yield from _nested(item)


def _keys(value: Any) -> Iterator[str]:
    """Yield every key at any depth."""
    for one in _nested(value):
        if isinstance(one, dict):
            yield from one


def _texts(value: Any) -> Iterator[str]:
    """Yield every text at any depth that is no key."""
    for one in _nested(value):
        if isinstance(one, str):
            yield one


def _references(value: Any) -> set[str]:
    """Return the parameters and resources that a value refers to."""
    return {name for name, _ in _uses(value)}


def _uses(value: Any) -> set[tuple[str, str]]:
    """Return the parameters and resources that a value refers to, each with the attribute; "" for none."""
    uses: set[tuple[str, str]] = set()
    if isinstance(value, list):
        for item in value:
            uses |= _uses(item)
    if isinstance(value, dict):
        for key, item in value.items():
            uses |= _used_by(key.removeprefix("Fn::"), item)
            uses |= _uses(item)
    return uses


def _used_by(function: str, argument: Any) -> set[tuple[str, str]]:
    """Return name and attribute of what one intrinsic function refers to; empty for a plain property."""
    if function == "Ref":
        return {(argument, "")}
    if function == "GetAtt":
        path = argument if isinstance(argument, str) else ".".join(argument)
        name, _, attribute = path.partition(".")
        return {(name, attribute)}
    if function == "Sub":
        text = argument if isinstance(argument, str) else argument[0]
        return set(SUBSTITUTED.findall(text))
    return set()


def _is_unpinned(value: Any) -> bool:
    return any(UNPINNED.search(text) for text in _texts(value))
