"""Name the KMS key of what SageMaker writes; without one it takes AWS's own key."""

import re

LOCAL_STORAGE = re.compile(
    r"ml\.([a-z]+\d+[a-z]*d[a-z]*|g5|g6e?|p5(e|en)?|trn\d\w*|i\d\w*)\."
)
"""Instance types with disks of their own: a `d` after the generation (m5d, g4dn), and families that all have them.

SageMaker refuses a key for their volumes, which the hardware encrypts.
Source: CreateEndpointConfig and ResourceConfig in SageMaker's API reference; EC2's list of instance store volumes.
"""


def output_key(key: str) -> dict[str, str]:
    """Return the key of a job's results or of captured requests, as a part of a request; empty without a key."""
    return {"KmsKeyId": key} if key else {}


def volume_key(member: str, key: str, instance: str) -> dict[str, str]:
    """Return the key of the volumes of an instance type, as a part of a request.

    Args:
        member: the request's own name for it, `VolumeKmsKeyId` or `KmsKeyId`.
        key: id or ARN of the key; empty for AWS's own.
        instance: instance type, such as ml.m5.large.

    Returns:
        Nothing without a key, and for an instance type with disks of its own.
    """
    if not key or LOCAL_STORAGE.match(instance):
        return {}
    return {member: key}
