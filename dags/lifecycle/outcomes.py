"""Find what belongs to the outcomes beside the main one in a run: which are trained, their snapshots and trainings.

A contract of one outcome has none of them, and these functions do nothing for it.
"""

import logging

ANALYSIS = "analyse_drift"
"""Task whose result says which outcomes need a new model; a training by hand has no such task."""
NO_SNAPSHOT = "no lead has this outcome yet, so there is nothing to learn from"

log = logging.getLogger(__name__)


def outcomes_to_train(analysis, params):
    """Return the outcomes whose models are trained, "" for the main one.

    Args:
        analysis: what `analyse_drift` of the run returned, None for a training by hand, which trains all of them.
        params: the trigger form; with `force_retrain` all are trained.
    """
    from lifecycle.names import Names

    outcomes = ["", *Names().other_outcomes]
    if not analysis or params.get("force_retrain"):
        return outcomes
    return [
        outcome
        for outcome in outcomes
        if calls_for_retrain(analysis_of(analysis, outcome))
    ]


def analysis_of(analysis, outcome):
    """Return what a drift analysis found of an outcome, None where it was not looked at.

    Args:
        analysis: what `analyse_drift` returned.
        outcome: "" means the main one.
    """
    if not outcome:
        return analysis
    return analysis.get("outcomes", {}).get(outcome)


def with_outcomes(results):
    """Return the result of the main outcome, with those of further outcomes under `outcomes` where there are any."""
    main = results.pop("")
    return main | {"outcomes": results} if results else main


def calls_for_retrain(analysis):
    """Return whether an outcome needs a new model: there is none, or its analysis found a confirmed reason."""
    from include.monitoring.verdict import DriftVerdict

    if analysis is None:
        return False
    return DriftVerdict.model_validate(analysis).calls_for_retrain


def describe_other_snapshots(run):
    """Write the manifest of each further outcome's snapshot; one that no lead has yet is named in the log."""
    from include.training.data import snapshot
    from include.training.errors import NotEnoughRowsError
    from lifecycle.names import Names

    for outcome in Names().other_outcomes:
        names = Names(outcome)
        sql = names.statements.render("unload_snapshot", run_id=run)
        try:
            snapshot.write_manifest(names.settings, names.contract, run, sql)
        except NotEnoughRowsError as error:
            log.warning("Outcome %s: %s. %s", outcome, NO_SNAPSHOT, error)


def has_snapshot(outcome, run):
    """Return whether the snapshot of a further outcome holds any lead."""
    from include.lake.errors import ObjectMissingError
    from include.training.data import snapshot
    from lifecycle.names import Names

    try:
        snapshot.read_manifest(Names(outcome).layout.snapshot(run))
    except ObjectMissingError:
        return False
    return True


def start_other_trainings(client, run):
    """Open the MLflow run of each further outcome's training, in the outcome's own experiment."""
    from lifecycle.names import Names

    for outcome in Names().other_outcomes:
        other_training(Names(outcome), client, run)


def other_training(names, client, run):
    """Return the snapshot's URI and the MLflow run of a further outcome's training; the run is made once.

    Args:
        names: of the outcome.
        client: of the MLflow server.
        run: key of the Airflow run.
    """
    from include.training import train

    snapshot_uri = names.layout.snapshot(run)
    parent_run_id = train.start_training(
        names.settings, names.contract, client, snapshot_uri, run
    )
    return snapshot_uri, parent_run_id


def score_other_outcomes(run, scored_at):
    """Score the open leads of each further outcome; one without a champion gets a file without scores."""
    from include.registry.errors import NoChampionError
    from include.scoring import batch
    from lifecycle.names import Names

    for outcome in Names().other_outcomes:
        names = Names(outcome)
        scores_uri = names.layout.scores(run)
        try:
            batch.score_batch(
                names.settings,
                names.contract,
                names.layout.open_leads(run),
                scores_uri,
                run,
                scored_at,
            )
        except NoChampionError as error:
            log.warning("Outcome %s is not scored: %s", outcome, error)
            batch.write_no_scores(names.contract, scores_uri)


def results_of(results, outcome):
    """Return the families' results that belong to an outcome; those of the main one do not name it."""
    return [
        result for result in results if result.get("outcome", "") == outcome
    ]
