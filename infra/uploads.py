"""Upload a built dist/ to the versioned MWAA bucket, and go back to an earlier deployment's object versions.

Every deployment leaves `deployment.json`: which version of each object it consists of, and its DAGs. The bucket's
versioning makes that file the history of deployments, and a rollback is a copy of the versions that an earlier one
names.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.errors import NoEarlierDeploymentError, NotVersionedError

MANIFEST = "deployment.json"
ENVIRONMENT_FILES = ("plugins.zip", "requirements.txt", "startup.sh")
"""What MWAA reads only when the environment is updated."""
DIGEST = "sha256"


@dataclass(frozen=True)
class Plan:
    """What differs between dist/ and the bucket: keys to put and keys to delete."""

    put: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    behind: bool = False
    """The environment runs other versions than those of the deployment in place: an update has failed, for instance."""

    @property
    def updates_environment(self) -> bool:
        """Tell whether MWAA has to install anything, half an hour in which no task starts."""
        return self.behind or any(key in ENVIRONMENT_FILES for key in self.put)


@dataclass(frozen=True)
class Deployment:
    """Object version by key, as the bucket holds them after a deployment; file and schedule of its DAGs by id."""

    files: dict[str, str] = field(default_factory=dict)
    dags: dict[str, dict[str, str]] = field(default_factory=dict)


class CodeBucket:
    """The MWAA bucket of one environment."""

    def __init__(self, s3: Any, bucket: str) -> None:
        """`s3` is a boto3 client."""
        self._s3 = s3
        self.bucket = bucket

    def require_versions(self) -> None:
        """Raise NotVersionedError for a bucket that would lose what a deployment replaces."""
        if (
            self._s3.get_bucket_versioning(Bucket=self.bucket).get("Status")
            != "Enabled"
        ):
            raise NotVersionedError(
                f"s3://{self.bucket} keeps no versions: turn versioning on, or make stacks again"
            )

    def current(self) -> Deployment:
        """Return the deployment in place; empty before the first."""
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=MANIFEST)
        except self._s3.exceptions.NoSuchKey:
            return Deployment()
        return _read(answer["Body"].read())

    def plan(self, dist: Path) -> Plan:
        """Compare dist/ with the deployment in place, by digest."""
        present = self.current().files
        local = _local(dist)
        put = []
        for key, file in local.items():
            if key not in present or self._digest(key) != _digest(file):
                put.append(key)
        delete = sorted(set(present) - set(local))
        return Plan(tuple(put), tuple(delete))

    def apply(
        self,
        plan: Plan,
        dist: Path,
        label: str,
        dags: dict[str, dict[str, str]] | None = None,
    ) -> Deployment:
        """Put and delete what the plan says; return the new deployment.

        Args:
            plan: the answer of `plan`.
            dist: the folder that it was made for.
            label: what the deployment is, for people.
            dags: its DAGs, so that it can be verified when somebody goes back to it.
        """
        present = self.current().files
        files = {
            key: version
            for key, version in present.items()
            if key not in plan.delete
        }
        local = _local(dist)
        for key in plan.put:
            answer = self._s3.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=local[key].read_bytes(),
                Metadata={DIGEST: _digest(local[key])},
            )
            files[key] = answer["VersionId"]
        self._delete(plan.delete)
        return self._record(Deployment(files, dags or {}), label)

    def former(self) -> Deployment:
        """Return the deployment before the one in place. Raises NoEarlierDeploymentError."""
        versions = self._s3.list_object_versions(
            Bucket=self.bucket, Prefix=MANIFEST
        ).get("Versions", [])
        if len(versions) < 2:
            raise NoEarlierDeploymentError(
                f"s3://{self.bucket}/{MANIFEST} has no earlier version to go back to"
            )
        newest_first = sorted(
            versions, key=lambda version: version["LastModified"], reverse=True
        )
        latest = next(
            (
                index
                for index, version in enumerate(newest_first)
                if version["IsLatest"]
            ),
            0,
        )
        former_id = newest_first[latest + 1]["VersionId"]
        answer = self._s3.get_object(
            Bucket=self.bucket, Key=MANIFEST, VersionId=former_id
        )
        return _read(answer["Body"].read())

    def restore(self, former: Deployment) -> Deployment:
        """Bring a deployment's object versions back, as new versions of the same objects."""
        present = self.current().files
        files = {}
        for key, version in former.files.items():
            files[key] = version
            if present.get(key) != version:
                source = {
                    "Bucket": self.bucket,
                    "Key": key,
                    "VersionId": version,
                }
                copy = self._s3.copy_object(
                    Bucket=self.bucket, Key=key, CopySource=source
                )
                files[key] = copy["VersionId"]
        self._delete(sorted(set(present) - set(former.files)))
        return self._record(Deployment(files, former.dags), "rollback")

    def _record(self, deployment: Deployment, label: str) -> Deployment:
        """Leave the manifest of a deployment, which makes it the one in place."""
        manifest = {
            "label": label,
            "dags": deployment.dags,
            "files": dict(sorted(deployment.files.items())),
        }
        body = json.dumps(manifest, indent=2).encode()
        self._s3.put_object(Bucket=self.bucket, Key=MANIFEST, Body=body)
        return deployment

    def _delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._s3.delete_object(Bucket=self.bucket, Key=key)

    def _digest(self, key: str) -> str:
        try:
            head = self._s3.head_object(Bucket=self.bucket, Key=key)
        except self._s3.exceptions.ClientError:
            return ""
        return str(head["Metadata"].get(DIGEST, ""))


def _read(manifest: bytes) -> Deployment:
    content = json.loads(manifest)
    return Deployment(content["files"], content.get("dags", {}))


def _local(dist: Path) -> dict[str, Path]:
    """Return the files of dist/ by the key that they have in the bucket."""
    files = [path for path in sorted(dist.rglob("*")) if path.is_file()]
    return {file.relative_to(dist).as_posix(): file for file in files}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
