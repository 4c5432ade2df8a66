"""Tasks that compare challenger and champion, carry the decision out as the promotion mode says, and record it."""

import logging

from airflow.sdk import TriggerRule, task

from lead_ops.notifications import Notifier
from lifecycle.analyses import analysis_of
from lifecycle.defaults import API_CALL, CHEAP_COMPUTE
from lifecycle.four_eyes import mode_of

BRANCHES_MEET = {"trigger_rule": TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS}

log = logging.getLogger(__name__)


@task(**CHEAP_COMPUTE)
def champion_challenger(
    challengers, run, analysis=None, params=None, dag_run=None, ti=None
):
    """Score champion and challenger of each model on the same untouched holdout rows; return one verdict a model.

    There is no verdict where the trigger form has disabled promotion. `analysis` is what the drift analysis of the run
    found, if there was one: confirmed drift lets a model pass that is only as good as the champion.
    """
    from include.promotion import compare
    from lifecycle.names import Names
    from lifecycle.records import enter
    from lifecycle.reports import with_gate_page

    if params["promotion_mode"] == "disabled":
        return []
    comparisons = []
    for challenger in challengers:
        outcome = challenger.get("outcome", "")
        names = Names(outcome)
        decision = compare.compare(
            names.settings,
            names.contract,
            run,
            challenger["snapshot_uri"],
            challenger["stage"],
            params.get("primary_metric"),
            mode=mode_of(params, dag_run),
            drift_confirmed=drift_confirmed(analysis, outcome),
            decided_at=ti.start_date,
        )
        reasons = "; ".join(decision.reasons)
        enter(
            decision,
            "decided",
            "gate",
            f"{decision.why_rule}: {reasons}",
            ti.start_date,
        )
        comparison = decision.as_json() | {"outcome": outcome}
        comparisons.append(with_gate_page(comparison))
    return comparisons


def drift_confirmed(analysis, outcome=""):
    """Return whether the drift analysis of the run, if there was one, found a drift of an outcome that is confirmed."""
    from lifecycle.drift import read_verdict

    own = analysis_of(analysis, outcome) if analysis else None
    return bool(own) and read_verdict(own).drift_confirmed


@task(
    **API_CALL,
    **BRANCHES_MEET,
    on_success_callback=[Notifier("model_deployed")],
)
def promote(comparisons, dag_run=None, ti=None):
    """Make every challenger that passed the gate the champion of its stage; a repeated run changes nothing."""
    from include.promotion.record import DecisionSummary
    from include.registry import registry
    from include.registry.ledger import ChampionLedger
    from include.registry.tracking import connect
    from lifecycle.names import Names
    from lifecycle.records import actor, enter
    from lifecycle.reports import with_pages

    client = connect(Names().settings.mlflow)
    for comparison in comparisons:
        names = Names(comparison.get("outcome", ""))
        ledger = ChampionLedger.of(names.settings, names.contract)
        decision = DecisionSummary.model_validate(comparison)
        reasons = "; ".join(decision.reasons)
        if decision.verdict == "promote":
            registry.promote(
                client,
                decision.model,
                decision.version,
                against=decision.champion_version,
                ledger=ledger,
                files_sha256=decision.files_sha256,
            )
            enter(decision, "promoted", actor(dag_run), reasons, ti.start_date)
        else:
            enter(decision, "kept", actor(dag_run), reasons, ti.start_date)
        log.info(
            "%s version %s: %s, %s",
            decision.model,
            decision.version,
            decision.verdict,
            reasons,
        )
    return [with_pages(comparison) for comparison in comparisons]


@task(
    **API_CALL, **BRANCHES_MEET, on_success_callback=[Notifier("champion_kept")]
)
def keep_champion(comparisons, params=None, dag_run=None, ti=None):
    """Leave every champion in place and say why: the gate's reasons, or the mode or answer against a promotion."""
    from include.promotion.record import DecisionSummary
    from lifecycle.records import actor, enter
    from lifecycle.reports import with_pages

    mode = mode_of(params, dag_run)
    log.info("No promotion. Promotion mode: %s", mode)
    results = []
    for comparison in comparisons:
        decision = DecisionSummary.model_validate(comparison)
        reasons = list(decision.reasons)
        if decision.verdict == "promote":
            reasons.insert(
                0,
                f"passed the gate, but promotion mode {mode} kept the champion",
            )
        enter(
            decision, "kept", actor(dag_run), "; ".join(reasons), ti.start_date
        )
        log.info("%s version %s: %s", decision.model, decision.version, reasons)
        results.append(comparison | {"reasons": reasons})
    return [with_pages(comparison) for comparison in results]
