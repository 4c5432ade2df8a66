"""Tell which database user a call of the Data API acts as.

Source: https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-iam-access-federated-db-roles.html
"""

from collections.abc import Mapping

from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import sts_backends

from localaws.calls import credential_of
from localaws.redshift.access import ADMINISTRATOR, Caller, caller_of
from localaws.roles import OWNER, role_name

ROLES_TAG = "RedshiftDbRoles"
"""Tag of an IAM role: its user has these database roles, with colons between them."""
_PARTITION = "aws"


def role_of_request(headers: Mapping[str, str], account: str) -> str:
    """Return the IAM role that signs a request: by its name, or by the key of a session that assumed it."""
    environ = {"HTTP_AUTHORIZATION": headers.get("Authorization", "")}
    key = credential_of(environ).role
    return _assumed_role(key, account) or key or OWNER


def caller_of_role(role: str, account: str, secret: str) -> Caller:
    """Return the database user of an IAM role; of a call that names a secret the administrator."""
    if secret:
        return ADMINISTRATOR
    if role == OWNER:
        return caller_of(OWNER)
    return caller_of(role, _tagged_roles(role, account))


def _assumed_role(key: str, account: str) -> str:
    """Return the role of a session's access key; empty for a key that is no session's."""
    backend = sts_backends[account][_PARTITION]
    assumed = backend.get_assumed_role_from_access_key(key)
    return role_name(assumed.role_arn) if assumed else ""


def _tagged_roles(role: str, account: str) -> frozenset[str]:
    backend: IAMBackend = iam_backends[account][_PARTITION]
    for candidate in backend.get_roles():
        if candidate.name == role:
            tags = {tag["Key"]: tag["Value"] for tag in candidate.tags}
            return frozenset(filter(None, tags.get(ROLES_TAG, "").split(":")))
    return frozenset()
