"""Read what a drift analysis found of each outcome of the contract, and say which outcomes are trained."""

ANALYSIS = "analyse_drift"
"""Task whose result says which outcomes need a new model; a training by hand has no such task."""


def outcomes_to_train(analysis, params):
    """Return the outcomes whose models are trained, "" for the main one.

    Args:
        analysis: what `analyse_drift` of the run returned, None for a training by hand, which trains all of them.
        params: the trigger form; with `force_retrain` all are trained.
    """
    from lifecycle.names import Names

    outcomes = Names().outcomes
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
    return by_outcome(analysis).get(outcome)


def with_outcomes(results):
    """Return the result of the main outcome, with those of further outcomes under `outcomes` where there are any."""
    main = results[""]
    others = {outcome: results[outcome] for outcome in results if outcome}
    return main | {"outcomes": others} if others else main


def by_outcome(result):
    """Return outcome to its result, "" for the main one: what `with_outcomes` was given."""
    return {"": result, **result.get("outcomes", {})}


def calls_for_retrain(analysis):
    """Return whether an outcome needs a new model: there is none, or its analysis found a confirmed reason."""
    from include.monitoring.verdict import DriftVerdict

    if analysis is None:
        return False
    return DriftVerdict.model_validate(analysis).calls_for_retrain
