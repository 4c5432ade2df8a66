"""Tasks that compare challenger and champion, and put the better one in place."""

import logging

from airflow.sdk import task

from lead_ops.notifications import Notifier
from lifecycle.defaults import API_CALL, CHEAP_COMPUTE, DECISION

log = logging.getLogger(__name__)


@task(**CHEAP_COMPUTE)
def champion_challenger(challengers, params=None):
    """Scores champion and challenger of each stage on the same untouched holdout rows; returns one verdict a stage.

    Returns no verdict where the trigger form has disabled promotion.
    """
    from include.training import compare

    if params.get("promotion_mode") == "disabled":
        return []
    return [
        compare.compare(challenger["snapshot_uri"], challenger["stage"], params.get("primary_metric"))
        for challenger in challengers
    ]


def next_promotion_step(comparisons, params):
    """The branch after the gate: `promote` if the mode allows it and any stage's verdict says so, else `keep_champion`.

    Args:
        comparisons: what `champion_challenger` returned.
        params: the trigger form; a DAG without `promotion_mode` always carries the verdict out.
    """
    if params.get("promotion_mode", "enabled") == "enabled" and any(
        comparison["verdict"] == "promote" for comparison in comparisons
    ):
        return "promote"
    return "keep_champion"


@task(**API_CALL, on_success_callback=[Notifier("model_deployed")])
def promote(comparisons):
    """Makes every challenger that passed the gate the champion of its stage; a repeated run changes nothing."""
    from include.registry import registry

    passed = [comparison for comparison in comparisons if comparison["verdict"] == "promote"]
    for comparison in passed:
        registry.promote(comparison["model"], comparison["version"])
        log.info("Champion of %s is version %s", comparison["model"], comparison["version"])
    return passed


@task(**DECISION, on_success_callback=[Notifier("champion_kept")])
def keep_champion(comparisons, params=None):
    """Leaves every champion in place and says why: the gate's reasons, or the mode that forbids a promotion."""
    log.info("No promotion. Promotion mode: %s", params.get("promotion_mode", "enabled"))
    for comparison in comparisons:
        log.info("%(model)s version %(version)s: %(verdict)s, %(reasons)s", comparison)
    return list(comparisons)


@task(**API_CALL)
def nominate(params=None):
    """Makes the version of the trigger form the challenger, or keeps the present one; returns it in a list."""
    from include.registry import nominate as nomination

    return [nomination.nominate(params["stage"], params["version"])]


@task(**API_CALL, on_success_callback=[Notifier("model_deployed")])
def rollback(params=None):
    """Makes the previous champion of the stage the champion again."""
    from include.contract import KnownAt
    from include.registry import registry
    from lifecycle.names import Names

    restored = registry.rollback(Names().contract.model_name(KnownAt(params["stage"])))
    return {"model": restored.model, "version": restored.version, "stage": params["stage"]}


def next_action(params):
    """The first branch of `promote_model`: `rollback` or `nominate`."""
    return "rollback" if params["rollback"] else "nominate"
