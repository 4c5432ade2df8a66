"""Does the work on a load's parts: a small load in this process, a large one by Spark's workers.

Starting Spark's Java process takes longer than a small load. So nothing here imports Spark before it is needed.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from include.glue.errors import JobFailedError
from include.glue.objects import FoundObject, open_object
from include.glue.parts.division import Part

BYTES_IN_ONE_PROCESS = 128 * 1024 * 1024
"""Starting Spark costs as much work as loading so much."""
TASK_BYTES = 32 * 1024 * 1024

Task = TypeVar("Task")
Result = TypeVar("Result")


class Workers:
    """Do tasks side by side if there is enough to do."""

    def __init__(self, files: Sequence[FoundObject]) -> None:
        """Decide by the size of the files who does the work."""
        self._files = files
        size = sum(file.size for file in files)
        self._alone = size <= BYTES_IN_ONE_PROCESS

    def map(
        self, function: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> list[Result]:
        """Return the function's result for each task, in their order.

        Raises:
            JobFailedError: an object vanished, or was written again, since it was listed.
        """
        if self._alone or len(tasks) < 2:
            return [function(task) for task in tasks]
        return self._map_with_spark(function, tasks)

    def _map_with_spark(
        self, function: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> list[Result]:
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        rows = spark_context().parallelize(list(tasks), len(tasks))
        try:
            results: list[Result] = rows.map(function).collect()
        except (PySparkException, Py4JJavaError) as error:
            self._check_files(error)
            raise
        return results

    def _check_files(self, error: Exception) -> None:
        """Raise JobFailedError for the first object that is not as it was listed: that is why a task failed."""
        for file in self._files:
            try:
                open_object(file).close()
            except JobFailedError as changed:
                raise changed from error


def spark_context() -> Any:
    """Return the context of the job's Spark session, which starts at the first call."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.appName("s3_to_redshift").getOrCreate()
    return session.sparkContext


def stop_spark() -> None:
    """Stop the job's Spark session, if it has one."""
    if "pyspark" not in sys.modules:
        return
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()


def group_parts(parts: Sequence[Part]) -> list[list[int]]:
    """Return the positions of the parts in groups of about TASK_BYTES, for one task each."""
    groups: list[list[int]] = []
    room = 0
    for position, part in enumerate(parts):
        end = part.found.size if part.end is None else part.end
        size = end - part.start
        if size > room or not groups:
            groups.append([])
            room = TASK_BYTES
        groups[-1].append(position)
        room -= size
    return groups
