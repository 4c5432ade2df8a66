"""Say what the alert about a training tells: on how many leads, for which stages, and why."""

from lifecycle.analyses import calls_for_retrain


def training_details(
    names, client, snapshot_uri, parent_run_id, stages, analysis
):
    """Return the details of an alert that a training has started.

    Args:
        names: looks up settings (lifecycle.names).
        client: of the MLflow server.
        snapshot_uri: folder of the training snapshot.
        parent_run_id: MLflow run of the training.
        stages: of the trigger form.
        analysis: what `analyse_drift` of the same run returned, None in a run that looks for no drift.
    """
    from include.registry.tracking import run_url
    from include.training.data import snapshot

    manifest = snapshot.read_manifest(snapshot_uri)
    return {
        "labelled_rows": manifest["labelled_rows"],
        "positives": manifest["positives"],
        "stages": stages,
        "because": reason_to_train(analysis),
        "mlflow_run_url": run_url(names.settings, client, parent_run_id),
    }


def reason_to_train(analysis):
    """Say why a training was started.

    Args:
        analysis: as in `training_details`.
    """
    if not analysis:
        return "somebody asked for it"
    if analysis["verdict"] == "no_champion":
        return "there is no champion yet"
    if analysis.get("confirmed"):
        triggers = ", ".join(analysis["triggers"])
        return f"the drift analysis calls for a new model ({triggers})"
    others = [
        outcome
        for outcome, own in analysis.get("outcomes", {}).items()
        if calls_for_retrain(own)
    ]
    if others:
        return f"the outcome {', '.join(others)} needs a new model"
    return "it was forced by the trigger form (force_retrain)"
