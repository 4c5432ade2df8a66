"""The questions to a person before a promotion or a rollback, and what becomes of the answers."""

from datetime import timedelta

from airflow.providers.standard.operators.python import BranchPythonOperator

from lead_ops.approval import RecordedApproval
from lead_ops.notifications import Notifier
from lifecycle.defaults import API_CALL, DECISION
from lifecycle.four_eyes import judged_answer

ANSWER_WITHIN = timedelta(hours=24)
QUESTION = """
{%- for gate in ti.xcom_pull(task_ids='champion_challenger') if gate.verdict == 'promote' %}
### {{ gate.model }} version {{ gate.version }}

In place of version {{ gate.champion_version or '(none yet)' }}, by rule **{{ gate.rule }}**:
{{ in_markdown(gate.why_rule) }}.

| figure on the holdout | challenger | champion |
|---|---|---|
{% for name, value in gate.metrics.challenger.items() -%}
| {{ name }} | {{ '%.4f' % value }} | {{ '%.4f' % gate.metrics.champion[name] if gate.metrics.champion else '' }} |
{% endfor %}
| rule | figure | bound | passed |
|---|---|---|---|
{% for rule in gate.rules -%}
| {{ in_markdown(rule.name) }} | {{ '%.4f' % rule.value }} |
{#- #} {{ '>' if rule.strict else '≥' }} {{ '%.4f' % rule.bound }} | {{ rule.passed }} |
{% endfor %}
{% if gate.gate_page_url %}
Record: [{{ in_markdown(gate.report_uri) }}]({{ gate.gate_page_url }})
{% else %}
Record: {{ in_markdown(gate.report_uri) }}
{% endif %}
{% endfor -%}
"""


def question(comparisons):
    """Return the tasks `ask_approval` and `record_answer`, in order; the second one is the branch by the answer.

    Args:
        comparisons: of `champion_challenger`.
    """
    ask_approval = RecordedApproval(
        task_id="ask_approval",
        subject="Promote the challenger? ({{ dag.dag_id }}, {{ run_id }})",
        body=QUESTION,
        defaults=RecordedApproval.REJECT,
        response_timeout=ANSWER_WITHIN,
        notifiers=[Notifier("approval_asked", source="champion_challenger")],
        **DECISION,
    )
    record_answer = BranchPythonOperator(
        task_id="record_answer",
        python_callable=next_step_after_answer,
        op_kwargs={"comparisons": comparisons, "answer": ask_approval.output},
        **API_CALL,
    )
    return ask_approval, record_answer


def next_step_after_answer(comparisons, answer, dag_run=None):
    """Write the person's answer into record and table, and return the branch after it: `promote` or `keep_champion`.

    Args:
        comparisons: what `champion_challenger` returned.
        answer: what `ask_approval` returned; nobody's answer is the default after the time ran out.
        dag_run: says who started the run; with `promotion.four_eyes` that person's approval does not promote.
    """
    from datetime import datetime

    from include.promotion import decisions
    from lifecycle.names import Names
    from lifecycle.records import enter
    from lifecycle.reports import with_gate_page

    names = Names()
    approval = judged_answer(answer, dag_run)
    for comparison in comparisons:
        if comparison["verdict"] != "promote":
            continue
        record = decisions.answer(
            names.settings, comparison["report_uri"], approval
        )
        with_gate_page(comparison)
        enter(
            record,
            act_of(approval),
            approval.by or "nobody",
            reason_of(approval),
            datetime.fromisoformat(approval.answered_at),
        )
    return "promote" if approval.approved else "keep_champion"


def act_of(approval):
    """Return what an answer is called in the table of promotions: approved, rejected or expired."""
    if not approval.by:
        return "expired"
    return "approved" if approval.approved else "rejected"


def reason_of(approval):
    """Return what the table of promotions says of an answer."""
    reason = f"asked at {approval.asked_at}, the answer was {approval.choice}"
    return f"{reason}; {approval.refused}" if approval.refused else reason
