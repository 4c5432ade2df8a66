"""Do for the outcomes beside the main one what a task does for the main one: snapshots, trainings, scores.

A contract of one outcome has none of them, and these functions do nothing for it.
"""

import logging

NO_SNAPSHOT = "no lead has this outcome yet, so there is nothing to learn from"

log = logging.getLogger(__name__)


def describe_further_snapshots(run):
    """Write the manifest of each further outcome's snapshot; one that no lead has yet is named in the log."""
    from include.training.data import snapshot
    from include.training.errors import NotEnoughRowsError
    from lifecycle.names import Names

    for outcome in Names().further_outcomes:
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


def start_further_trainings(client, run, outcomes):
    """Open the MLflow run of each further outcome that is trained, in the outcome's own experiment.

    Args:
        client: of the MLflow server.
        run: key of the Airflow run.
        outcomes: that are trained, "" for the main one.
    """
    from lifecycle.names import Names

    for outcome in filter(None, outcomes):
        further_training(Names(outcome), client, run)


def further_training(names, client, run):
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


def may_wait(names, stage, client):
    """Return whether it is no failure that no model of an outcome and stage can be had.

    So it is for a further outcome without a champion: a late outcome has too few leads for a while, and nothing that
    serves is lost. Each training tries again.
    """
    from include.contract import KnownAt
    from include.registry.ledger import ChampionLedger
    from include.registry.registry import champion

    if not names.outcome:
        return False
    ledger = ChampionLedger.of(names.settings, names.contract)
    model = names.contract.model_name(KnownAt(stage))
    return champion(client, model, ledger) is None


def score_further_outcomes(run, scored_at):
    """Score the open leads of each further outcome; one without a champion gets a file without scores."""
    from include.registry.errors import NoChampionError
    from include.scoring import batch
    from lifecycle.names import Names

    for outcome in Names().further_outcomes:
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


def outcomes_for_spark(run, with_champion):
    """Return the further outcomes that the Spark job scores: of each its name, its open leads and its scores, as URIs.

    One without a champion, or without an open lead, gets a file without scores here.

    Args:
        run: key of the Airflow run.
        with_champion: the outcomes of which champions were packed.
    """
    from include.lake.objects import list_objects
    from include.scoring import batch
    from lifecycle.names import Names

    to_score = []
    for outcome in Names().further_outcomes:
        names = Names(outcome)
        open_uri = names.layout.open_leads(run)
        scores_uri = names.layout.scores(run)
        if outcome in with_champion and list_objects(open_uri):
            to_score.append([outcome, open_uri, scores_uri])
        else:
            log.warning(
                "Outcome %s has nothing to score, or no champion", outcome
            )
            batch.write_no_scores(names.contract, scores_uri)
    return to_score


def results_of(results, outcome):
    """Return the families' results that belong to an outcome; those of the main one do not name it."""
    return [
        result for result in results if result.get("outcome", "") == outcome
    ]
