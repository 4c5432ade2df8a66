"""A sensor that waits for the files which the ingestion job reads."""

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor

from lifecycle.names import Names

PATTERN = "*.csv"
"""Says in logs and alerts what is waited for, behind the folder's address: files of the contract's format."""

UNREAD_LOGGED = 20


class LeadFilesSensor(S3KeySensor):
    """Wait for one object below a folder that the job reads, at any depth.

    S3KeySensor would take `[final]` in a folder's name as a pattern and
    `.CSV` as another ending. Here names are literal text, and the rule of the
    job decides which object is read.
    """

    def poke(self, context):
        """Return whether there is such an object."""
        from include.glue.source_names import data_endings, unread_reason
        from include.lake.objects import split_uri

        files = Names().contract.files
        endings = data_endings(files.format, files.delimiter)
        bucket, folder = split_uri(self.bucket_key.removesuffix(PATTERN))
        names = ", ".join(endings)
        self.log.info("Poking for %s in %s", names, self.bucket_key)
        unread_count = 0
        for item in self.hook.iter_file_metadata(folder, bucket):
            path = item["Key"].removeprefix(folder)
            reason = unread_reason(path, endings)
            if reason is None:
                self.log.info("Found %s", item["Key"])
                return True
            unread_count += 1
            if unread_count <= UNREAD_LOGGED:
                self.log.info("%s is not read: %s", item["Key"], reason)
        self.log.info("%s object(s) there are not read", unread_count)
        return False
