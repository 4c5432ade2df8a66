"""The Glue jobs as Glue is told of them: scripts, workers and arguments."""

JOB_DESCRIPTION = "Types raw CSV files of leads by the contract, quarantines what cannot be typed."
SCORING_JOB_DESCRIPTION = "Scores the open leads with the champions, where they are too many for an Airflow task."
JOB = {
    "Command": {
        "Name": "glueetl",
        "ScriptLocation": "{{ names.layout.job_script }}",
        "PythonVersion": "3",
    },
    "GlueVersion": "5.0",
    "WorkerType": "G.1X",
    "NumberOfWorkers": 2,
    "Timeout": 60,
    "DefaultArguments": {
        "--extra-py-files": "{{ names.layout.job_code }}",
        # Empty, and left out, where leads come from one source: the job starts sooner with what Glue brings.
        "--additional-python-modules": "{{ names.layout.scoring_requirements if names.contract.unify else '' }}",
        "--python-modules-installer-option": "{{ '-r' if names.contract.unify else '' }}",
    },
}
SCORING_JOB = {
    **JOB,
    "Command": {
        **JOB["Command"],
        "ScriptLocation": "{{ names.layout.scoring_script }}",
    },
    "NumberOfWorkers": 5,
    "DefaultArguments": {
        **JOB["DefaultArguments"],
        "--additional-python-modules": "{{ names.layout.scoring_requirements }}",
        "--python-modules-installer-option": "-r",
    },
}
