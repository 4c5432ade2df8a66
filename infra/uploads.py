"""A built dist/ into the versioned MWAA bucket, and back to an earlier deployment's object versions.

Every deployment leaves `deployment.json`: which version of each object it consists of, and its DAGs. The bucket's
versioning makes that file the history of deployments, and a rollback is a copy of the versions that an earlier one
names.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MANIFEST = "deployment.json"
ENVIRONMENT_FILES = ("plugins.zip", "requirements.txt", "startup.sh")
"""What MWAA reads only when the environment is updated."""
DIGEST = "sha256"


class NoEarlierDeploymentError(LookupError):
    """There is nothing to roll back to."""


class NotVersionedError(RuntimeError):
    """The bucket keeps no versions, so that nothing could be rolled back; nothing has been uploaded."""


@dataclass(frozen=True)
class Plan:
    """What differs between dist/ and the bucket: keys to put and keys to delete."""

    put: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    behind: bool = False
    """The environment runs other versions than those of the deployment in place: an update has failed, for instance."""

    @property
    def updates_environment(self) -> bool:
        """Whether MWAA has to install anything, half an hour in which no task starts."""
        return self.behind or any(key in ENVIRONMENT_FILES for key in self.put)


@dataclass(frozen=True)
class Deployment:
    """Object version by key, as the bucket holds them after a deployment; file and schedule of its DAGs by id."""

    files: dict[str, str] = field(default_factory=dict)
    dags: dict[str, dict[str, str]] = field(default_factory=dict)


class CodeBucket:
    """The MWAA bucket of one stage."""

    def __init__(self, s3: Any, bucket: str) -> None:
        """`s3` is a boto3 client."""
        self._s3, self.bucket = s3, bucket

    def require_versions(self) -> None:
        """Raises NotVersionedError for a bucket that would lose what a deployment replaces."""
        if self._s3.get_bucket_versioning(Bucket=self.bucket).get("Status") != "Enabled":
            raise NotVersionedError(f"s3://{self.bucket} keeps no versions: turn versioning on, or make stacks again")

    def current(self) -> Deployment:
        """The deployment in place; empty before the first."""
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=MANIFEST)
        except self._s3.exceptions.NoSuchKey:
            return Deployment()
        return _read(answer["Body"].read())

    def plan(self, dist: Path) -> Plan:
        """Compare dist/ with the deployment in place, by digest."""
        present, local = self.current().files, _local(dist)
        put = [key for key, file in local.items() if key not in present or self._digest(key) != _digest(file)]
        return Plan(tuple(put), tuple(sorted(set(present) - set(local))))

    def apply(self, plan: Plan, dist: Path, label: str, dags: dict[str, dict[str, str]] | None = None) -> Deployment:
        """Put and delete what the plan says; returns the new deployment.

        Args:
            plan: what `plan` has found.
            dist: what it was made for.
            label: what the deployment is, for people.
            dags: its DAGs, so that it can be verified when somebody goes back to it.
        """
        files = {key: version for key, version in self.current().files.items() if key not in plan.delete}
        local = _local(dist)
        for key in plan.put:
            body = local[key].read_bytes()
            metadata = {DIGEST: _digest(local[key])}
            files[key] = self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, Metadata=metadata)["VersionId"]
        self._delete(plan.delete)
        return self._record(Deployment(files, dags or {}), label)

    def former(self) -> Deployment:
        """The deployment before the one in place. Raises NoEarlierDeploymentError."""
        listed = self._s3.list_object_versions(Bucket=self.bucket, Prefix=MANIFEST).get("Versions", [])
        if len(listed) < 2:
            raise NoEarlierDeploymentError(f"s3://{self.bucket}/{MANIFEST} has no earlier version to go back to")
        newest_first = sorted(listed, key=lambda version: version["LastModified"], reverse=True)
        latest = next((index for index, version in enumerate(newest_first) if version["IsLatest"]), 0)
        chosen = newest_first[latest + 1]["VersionId"]
        return _read(self._s3.get_object(Bucket=self.bucket, Key=MANIFEST, VersionId=chosen)["Body"].read())

    def restore(self, former: Deployment) -> Deployment:
        """Bring a deployment's object versions back, as new versions of the same objects."""
        now = self.current().files
        files = {}
        for key, version in former.files.items():
            source = {"Bucket": self.bucket, "Key": key, "VersionId": version}
            same = now.get(key) == version
            copy = None if same else self._s3.copy_object(Bucket=self.bucket, Key=key, CopySource=source)
            files[key] = copy["VersionId"] if copy else version
        self._delete(sorted(set(now) - set(former.files)))
        return self._record(Deployment(files, former.dags), "rollback")

    def _record(self, deployment: Deployment, label: str) -> Deployment:
        told = {"label": label, "dags": deployment.dags, "files": dict(sorted(deployment.files.items()))}
        self._s3.put_object(Bucket=self.bucket, Key=MANIFEST, Body=json.dumps(told, indent=2).encode())
        return deployment

    def _delete(self, keys: Any) -> None:
        for key in keys:
            self._s3.delete_object(Bucket=self.bucket, Key=key)

    def _digest(self, key: str) -> str:
        try:
            described = self._s3.head_object(Bucket=self.bucket, Key=key)
        except self._s3.exceptions.ClientError:
            return ""
        return str(described["Metadata"].get(DIGEST, ""))


def _read(manifest: bytes) -> Deployment:
    told = json.loads(manifest)
    return Deployment(told["files"], told.get("dags", {}))


def _local(dist: Path) -> dict[str, Path]:
    return {file.relative_to(dist).as_posix(): file for file in sorted(dist.rglob("*")) if file.is_file()}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
