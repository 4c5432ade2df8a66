"""What alerts say of a model's life: training, registration, the question, promotion or not."""

from collections.abc import Mapping, Sequence
from typing import Any

from lead_ops.alerts.alert import Link, Message, Origin, is_web_address
from lead_ops.alerts.failure import refused_families
from lead_ops.alerts.words import (
    as_number,
    fact_name,
    figure,
    listed,
    mapping,
    percent,
    plural,
    sentence,
    text,
    texts,
)

MASTER = "data_drift_redshift_retrain"
BY_HAND = "promote_model"
AGAINST = "passed the gate, but"
"""How the reason begins that a promotion mode or a person gave (dags/lifecycle/promotion.py)."""
FIGURES = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "accuracy": "accuracy",
    "f1": "F1",
    "brier": "Brier score",
}
"""Figure to what it is called; the first one that both models have stands in the sentence."""

Result = Mapping[str, Any]


def retraining_started(results: Sequence[Result], origin: Origin) -> Message:
    """Say on how many leads and why a training has started."""
    result = results[0] if results else {}
    happened = "training of a new model has started"
    leads = as_number(result.get("labelled_rows"))
    if leads:
        happened += f" on {plural(int(leads), 'lead')} with a known outcome"
        share = _share(result.get("positives"), leads)
        if share:
            happened += f", {share} of them converted"
    stages = texts(result, "stages")
    if stages:
        happened += f", for {_stages(stages)}"
    because = text(result, "because")
    if because:
        happened += f", because {because}"
    return Message(
        sentence=sentence(happened),
        response="Every model family is being trained for each stage; the best of a stage becomes its challenger. "
        "The champion, where there is one, serves meanwhile.",
        advice=_after_training(origin, "You need not do anything"),
    )


def model_registered(results: Sequence[Result], origin: Origin) -> Message:
    """Say which family won, and how good it is."""
    clauses = [_registered(result) for result in results]
    happened = "; ".join(clauses) or "a training has registered its challenger"
    return Message(
        sentence=sentence(happened),
        response="The version is the challenger of its stage. It does not serve: the gate has not judged it yet.",
        advice=_after_training(
            origin, "Read the model card, its known limits above all"
        ),
        facts=(*_all_figures(results), *refused_families(results)),
    )


def _registered(result: Result) -> str:
    family = text(result, "family")
    winner = f"the family {family}" if family else "the best family"
    name = _version(result, "is version", "is registered")
    figures = _figures_in_words(mapping(result, "metrics"))
    clause = f"{winner} won{_for_stage(result)} and {name}{_of_model(result)}"
    if figures:
        clause += f", with {figures} on leads that it has not seen"
    return clause


def _after_training(origin: Origin, first: str) -> str:
    """Return the advice `first`, and what comes next in the run or has to be started."""
    if origin.dag_name == MASTER:
        return f"{first}. The gate judges the challenger next, in the same run."
    return f"{first}. To let the gate judge the challenger, trigger {origin.sibling(BY_HAND)}."


def approval_asked(results: Sequence[Result], origin: Origin) -> Message:
    """Say which challengers passed the gate, and that a person decides."""
    passed = [result for result in results if result.get("verdict") != "keep"]
    clauses = [_comparison(result, "may replace") for result in passed]
    happened = "a challenger passed the gate and waits for an answer"
    if len(passed) > 1:
        happened = (
            f"{len(passed)} challengers passed the gate and wait for an answer"
        )
    if clauses:
        happened += f": {'; '.join(clauses)}"
    return Message(
        sentence=sentence(happened),
        response="The run waits. The champion serves on; no answer in time keeps it.",
        advice="Look at the gate page, then answer the question in Airflow: Approve promotes, Reject keeps the "
        "champion.",
        facts=_reasons(results),
        links=_question(origin),
    )


def _question(origin: Origin) -> tuple[Link, ...]:
    """Return the link to the page where a person answers; none where Airflow has no address."""
    if not is_web_address(origin.page):
        return ()
    return (Link("Question", f"{origin.page}/required_actions"),)


def rollback_asked(results: Sequence[Result], origin: Origin) -> Message:
    """Say that a second person decides on a rollback."""
    return Message(
        sentence=sentence(
            "somebody has asked for the previous champion back, and a second person has to agree"
        ),
        response="The run waits. The champion serves on; no answer in time keeps it.",
        advice="Answer the question in Airflow: Approve rolls back, Reject keeps the champion. Who started the run "
        "cannot approve.",
        links=_question(origin),
    )


def model_deployed(results: Sequence[Result], origin: Origin) -> Message:
    """Say which version serves now in place of which, and what the gate found."""
    clauses = []
    for result in results:
        verdict = result.get("verdict")
        if verdict == "rollback":
            clauses.append(_rolled_back(result))
        elif verdict != "keep":
            clauses.append(_comparison(result, "now serves in place of"))
    kept_champions = [_kept(result) for result in results if result.get("verdict") == "keep"]  # fmt: skip
    happened = "; ".join([*clauses, *kept_champions]) or "a new champion serves"
    return Message(
        sentence=sentence(happened),
        response="The alias champion points at the version that serves now. The scoring API and the next batch scoring "
        "take it by themselves; the champion before it stays registered.",
        advice=f"You need not do anything. If its scores look wrong, trigger {origin.sibling(BY_HAND)} with rollback.",
        facts=_reasons(results),
    )


def _rolled_back(result: Result) -> str:
    reasons = texts(result, "reasons")
    because = f" ({reasons[0]})" if reasons else ""
    replaced = _version_before(result, " in place of version")
    name = _version(result, "version", "the champion before it")
    return f"{name}{_of_model(result)} serves again{_for_stage(result)}{replaced}{because}"


def champion_kept(results: Sequence[Result], origin: Origin) -> Message:
    """Say which champion stays, and why."""
    happened = "; ".join(_kept(result) for result in results)
    if not happened:
        happened = "the gate compared nothing, because promotion is disabled in this run, so every champion stays"
    return Message(
        sentence=sentence(happened),
        response="No alias was moved. A challenger stays registered in MLflow, with the reason as its version's tag.",
        advice="The gate page shows both models side by side. You need not do anything; "
        f"to let the gate judge another version, trigger {origin.sibling(BY_HAND)}.",
        facts=_reasons(results),
    )


def alias_refused(results: Sequence[Result], origin: Origin) -> Message:
    """Say which alias was moved by hand, and that it does not count."""
    clauses = [_moved_alias(result) for result in results]
    happened = "; ".join(clauses) or "an alias champion was moved by hand"
    return Message(
        sentence=sentence(happened),
        response="The alias does not count. The champion of the ledger goes on serving, in the API and in batches.",
        advice="Find out who did it. If the move is wanted, trigger "
        f"{origin.sibling(BY_HAND)} with the version, so that the gate judges it; else move the alias back in MLflow.",
    )


def _moved_alias(result: Result) -> str:
    alias = text(result, "alias_version")
    moved = f"was moved to version {alias}" if alias else "was deleted"
    serving = _version(result, "version", "the champion")
    return (
        f"the alias champion{_of_model(result)} {moved} outside a promotion"
        f"{_for_stage(result)}, and {serving} goes on serving"
    )


def _kept(result: Result) -> str:
    """Say that a champion stays, or that there is none, and why."""
    champion = _version_before(result, "champion version")
    stays = f"{champion} stays" if champion else "there is still no champion"
    reasons = texts(result, "reasons")
    if not reasons:
        return f"{stays}{_for_stage(result)}"
    why = reasons[0]
    challenger = _version(result, "version", "the challenger")
    if why.startswith(AGAINST):
        return f"{stays}{_for_stage(result)}: {challenger} {why}"
    if len(reasons) > 1:
        why = f"{why}, and {len(reasons) - 1} more"
    return f"{stays}{_for_stage(result)}: {challenger} did not pass the gate ({why})"


def _comparison(result: Result, verb: str) -> str:
    """Say that a version serves, or may serve, in place of the champion, with the main figure of both."""
    challenger = _version(result, "version", "the challenger")
    champion = _version_before(result, "version")
    clause = f"{challenger}{_of_model(result)} {verb} {champion}"
    if not champion:
        becomes = "may become" if verb.startswith("may") else "is"
        clause = f"{challenger}{_of_model(result)} {becomes} the first champion"
    return clause + _for_stage(result) + _both_figures(result)


def _both_figures(result: Result) -> str:
    metrics = mapping(result, "metrics")
    challenger = mapping(metrics, "challenger")
    champion = mapping(metrics, "champion")
    for key, name in FIGURES.items():
        new = figure(challenger.get(key))
        if not new:
            continue
        old = figure(champion.get(key))
        return f" ({name} {new}, before {old})" if old else f" ({name} {new})"
    return ""


def _figures_in_words(metrics: Result) -> str:
    values = []
    for key in ("roc_auc", "brier"):
        value = figure(metrics.get(key))
        if value:
            values.append(f"{FIGURES[key]} {value}")
    return " and ".join(values)


def _all_figures(results: Sequence[Result]) -> tuple[tuple[str, str], ...]:
    facts = []
    for result in results:
        metrics = mapping(result, "metrics")
        for key, name in FIGURES.items():
            value = figure(metrics.get(key))
            if value:
                facts.append((fact_name(name, result, results), value))
    return tuple(facts)


def _reasons(results: Sequence[Result]) -> tuple[tuple[str, str], ...]:
    """Return the gate's rule and its reasons for each model."""
    facts = []
    for result in results:
        rule = text(result, "why_rule")
        if rule:
            facts.append((fact_name("Rule", result, results), rule))
        reasons = "; ".join(texts(result, "reasons"))
        if reasons:
            facts.append((fact_name("Reasons", result, results), reasons))
    return tuple(facts)


def _version(result: Result, before: str, otherwise: str) -> str:
    version = text(result, "version")
    return f"{before} {version}" if version else otherwise


def _version_before(result: Result, before: str) -> str:
    version = text(result, "champion_version")
    return f"{before} {version}" if version else ""


def _of_model(result: Result) -> str:
    model = text(result, "model")
    return f" of {model}" if model else ""


def _for_stage(result: Result) -> str:
    stage = text(result, "stage")
    return f" for stage {stage}" if stage else ""


def _stages(stages: Sequence[str]) -> str:
    noun = "stage" if len(stages) == 1 else "stages"
    return f"{noun} {listed(stages)}"


def _share(part: object, whole: float) -> str:
    number = as_number(part)
    return "" if number is None else percent(number / whole)
