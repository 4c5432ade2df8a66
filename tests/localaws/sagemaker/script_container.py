"""Run the Python script in a variable, as the program of a training job's container."""

import os

VARIABLE = "LEADS_TEST_SCRIPT"

if __name__ == "__main__":
    script = os.environ.pop(VARIABLE)
    exec(compile(script, "<script>", "exec"))  # noqa: S102 - of a test
