"""Write what the tasks of promotion do into the table of promotions, and in whose name."""


def enter(record, act, who, reason, happened_at):
    """Add a row to `public.model_promotions`; a repeated task adds none."""
    from include.promotion import ledger
    from lifecycle.names import Names

    names = Names()
    ledger.enter(
        names.statements, names.warehouse, record, act, who, reason, happened_at
    )


def actor(dag_run):
    """Return who acts in a run: the person who triggered it, or the kind of run (scheduled, asset_triggered …)."""
    return dag_run.triggering_user_name or str(dag_run.run_type)
