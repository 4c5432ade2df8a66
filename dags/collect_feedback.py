"""### Collect feedback

Every night, before drift is watched and models are trained: what the sales team said of scores becomes rows of the
table of feedback, one for each different word of a rep on a score.

1. `collect_new` reads the objects stored under `feedback/` since the last run; what is no feedback is counted and kept
   in `quarantine/feedback/`, and fails nothing.
2. `merge_feedback` merges them by id, gives a flag that names no stage that of the lead's score, and gives every flag
   its lead's outcome once an ingestion has brought the label. Feedback on leads that the warehouse does not know is
   kept and counted.
3. `report_agreement` says how far reps agree with each stage's model versions and with each other:
   `reports/feedback/`, MLflow.

Trainings read the outcomes that reps report from this table (setting `feedback_labels`).

Re-run: safe. Feedback is merged by its id, and the paths carry the run.
"""  # noqa: D415 - a Markdown heading

from datetime import timedelta

from airflow.sdk import DAG, chain

from lifecycle.contracts import contracts
from lifecycle.defaults import dag_defaults
from lifecycle.feedback import collect_new, merge_feedback, report_agreement
from lifecycle.names import RUN, RUN_AFTER

for contract in contracts():
    with DAG(
        schedule="23 2 * * *",
        catchup=False,
        doc_md=__doc__,
        **dag_defaults(
            "collect_feedback",
            contract,
            tags=["feedback"],
            dagrun_timeout=timedelta(hours=8),
        ),
    ):
        collected = collect_new(RUN)
        chain(
            collected,
            merge_feedback(),
            report_agreement(RUN, RUN_AFTER, collected),
        )
