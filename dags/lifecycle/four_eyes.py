"""Say where a run changes a champion only after a second person has agreed (`promotion.four_eyes`)."""

NOBODY_STARTED = ("scheduled", "asset_triggered")
"""Types of runs that no person has started."""


def asks_second_person(dag_run):
    """Return whether somebody other than who started the run has to agree, whatever the promotion mode.

    Args:
        dag_run: a backfill is started by a person too; nobody has started a run of the schedule.
    """
    from lifecycle.names import Names

    if not Names().settings.promotion.four_eyes:
        return False
    return bool(started_by(dag_run)) or dag_run.run_type not in NOBODY_STARTED


def mode_of(params, dag_run):
    """Return the promotion mode that holds for a run: approval in place of enabled, where a second person is asked."""
    mode = params["promotion_mode"]
    if mode == "enabled" and asks_second_person(dag_run):
        return "approval"
    return mode


def started_by(dag_run):
    """Return the name of the person who started a run; None where no person did, or Airflow does not know the name."""
    return getattr(dag_run, "triggering_user_name", None) or None


def judged_answer(answer, dag_run):
    """Return a person's answer, refused where that person started the run and somebody else has to agree.

    Args:
        answer: what a question returned.
        dag_run: says who started the run.
    """
    from include.promotion.record import Approval
    from lifecycle.names import Names

    return Approval.model_validate(answer).judged(
        started_by(dag_run), Names().settings.promotion.four_eyes
    )
