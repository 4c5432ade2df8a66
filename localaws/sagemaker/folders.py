"""Lay out the folders that a SageMaker training container finds below /opt/ml, and collect its output."""

import json
import tarfile
from pathlib import Path
from typing import Any

from localaws.errors import NoInputError, UnsupportedJobError
from localaws.paths import inside
from localaws.runtime import list_objects, split_uri


class JobFolders:
    """One job's own /opt/ml, somewhere else on this machine's disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.model = root / "model"
        self._config = root / "input" / "config"
        self._data = root / "input" / "data"
        self._failure = root / "output" / "failure"
        for folder in (
            self.model,
            self._config,
            self._data,
            root / "output" / "data",
            root / "code",
        ):
            folder.mkdir(parents=True)

    def configure(
        self,
        hyperparameters: dict[str, str],
        channels: list[dict[str, Any]],
        resources: dict[str, Any],
    ) -> None:
        """Write hyperparameters.json, inputdataconfig.json and resourceconfig.json."""
        inputs = {
            channel["ChannelName"]: _channel_config(channel)
            for channel in channels
        }
        hosts = {
            "current_host": "algo-1",
            "current_instance_type": resources["InstanceType"],
            "hosts": ["algo-1"],
            "network_interface_name": "lo",
        }
        contents = {
            "hyperparameters": hyperparameters,
            "inputdataconfig": inputs,
            "resourceconfig": hosts,
        }
        for name, content in contents.items():
            (self._config / f"{name}.json").write_text(json.dumps(content))

    def stage(self, channel: dict[str, Any], s3: Any) -> None:
        """Fetch a channel's objects to its folder, by their path below the last slash of its prefix.

        Raises:
            NoInputError: nothing lies under the prefix.
            OutsideFolderError: the channel's name or a key would be a file outside the job's folder.
            botocore.exceptions.ClientError: there is no such bucket.
        """
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        bucket, prefix = split_uri(uri)
        keys = [
            item["Key"]
            for item in list_objects(s3, bucket, prefix)
            if not item["Key"].endswith("/")
        ]
        if not keys:
            raise NoInputError(uri)
        folder = inside(self._data, channel["ChannelName"])
        cut = prefix.rfind("/") + 1
        for key in keys:
            path = inside(folder, key[cut:])
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, key, str(path))

    def upload_model(self, uri: str, s3: Any) -> None:
        """Pack the model folder as the .tar.gz object at `uri`."""
        archive = self.root / "model.tar.gz"
        with tarfile.open(archive, "w:gz") as packed:
            for path in sorted(self.model.iterdir()):
                packed.add(path, arcname=path.name)
        bucket, key = split_uri(uri)
        s3.upload_file(str(archive), bucket, key)

    def failure(self) -> str:
        """Return what the container wrote to output/failure; empty if it wrote nothing."""
        return (
            self._failure.read_text(errors="replace")
            if self._failure.is_file()
            else ""
        )


def refuse_unsupported(request: dict[str, Any]) -> None:
    """Let a CreateTrainingJob request pass that local AWS can run.

    Raises:
        UnsupportedJobError: it asks for something else; the message names it.
    """
    algorithm = request["AlgorithmSpecification"]
    if request["ResourceConfig"].get("InstanceCount", 1) != 1:
        raise UnsupportedJobError("a training job on several instances")
    if "TrainingImage" not in algorithm:
        raise UnsupportedJobError("a training job without a TrainingImage")
    modes = [algorithm["TrainingInputMode"]]
    for channel in request.get("InputDataConfig") or []:
        source = channel["DataSource"].get("S3DataSource", {})
        if source.get("S3DataType") != "S3Prefix":
            raise UnsupportedJobError(
                f"channel {channel['ChannelName']} is not an S3Prefix"
            )
        modes.append(channel.get("InputMode", "File"))
    if "Pipe" in modes:
        raise UnsupportedJobError("TrainingInputMode Pipe")


def _channel_config(channel: dict[str, Any]) -> dict[str, str]:
    distribution = channel["DataSource"]["S3DataSource"].get(
        "S3DataDistributionType", "FullyReplicated"
    )
    return {
        "TrainingInputMode": "File",
        "S3DistributionType": distribution,
        "RecordWrapperType": "None",
    }
