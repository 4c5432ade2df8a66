"""The graphs: edges, trigger rules, fan-out, assets and the trigger forms."""

from types import SimpleNamespace

import pytest
from airflow.sdk import Asset, TriggerRule

from lifecycle import training_form
from lifecycle.ingestion import any_source_problem


@pytest.fixture
def master(dags):
    return dags["data_drift_redshift_retrain"]


def downstream(dag, task_id):
    return dag.get_task(task_id).downstream_task_ids


def in_order(dag):
    return [task.task_id for task in dag.topological_sort()]


def test_ingestion_is_one_chain_from_the_file_to_the_merge(dags):
    dag = dags["ingest_leads"]
    steps = [
        "wait_for_files",
        "crawl",
        "type_and_quarantine",
        "quality_gate",
        "merge_leads",
    ]
    assert in_order(dag) == steps
    assert [downstream(dag, step) for step in steps] == [
        {step} for step in steps[1:]
    ] + [set()]
    types = [dag.get_task(step).task_type for step in steps[:3] + steps[4:]]
    assert types == [
        "LeadFilesSensor",
        "GlueCrawlerOperator",
        "GlueJobOperator",
        "RedshiftDataOperator",
    ]


def test_staging_is_emptied_filled_and_merged_in_one_transaction(dags):
    steps = dags["ingest_leads"].get_task("merge_leads").sql
    assert [step.split("'")[1] for step in steps] == [
        "clear_staging",
        "copy_load",
        "remove_merged_leads",
        "remove_merged_rows",
        "merge_leads",
    ]


def test_a_lead_arrives_when_it_is_merged_and_not_when_its_run_was_due(dags):
    merge = dags["ingest_leads"].get_task("merge_leads").sql[-1]
    assert "ingested_at=ti.start_date" in merge


def test_the_merge_updates_the_asset_that_starts_the_scoring(dags):
    assert dags["ingest_leads"].get_task("merge_leads").outlets == [
        Asset("leads")
    ]
    assert list(dags["score_leads"].schedule) == [Asset("leads")]


def test_scores_replace_those_of_an_earlier_try_in_one_transaction(dags):
    clear, copy = dags["score_leads"].get_task("load_scores").sql
    assert "clear_scores" in clear
    assert "copy_scores" in copy


def test_the_number_of_open_leads_decides_between_the_task_itself_and_spark(
    dags,
):
    dag = dags["score_leads"]
    assert downstream(dag, "unload_open_leads") == {"choose_engine"}
    assert downstream(dag, "choose_engine") == {"score", "pack_champions"}
    assert downstream(dag, "pack_champions") == {"score_with_spark"}
    assert (
        downstream(dag, "score")
        == downstream(dag, "score_with_spark")
        == {"load_scores"}
    )
    assert dag.get_task("score_with_spark").task_type == "GlueJobOperator"
    assert (
        dag.get_task("load_scores").trigger_rule
        == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    )


def test_bootstrap_brings_old_tables_up_to_date_before_it_makes_views_of_them(
    dags,
):
    dag = dags["bootstrap_platform"]
    assert downstream(dag, "create_tables") == {"add_missing_columns"}
    assert downstream(dag, "add_missing_columns") == {"create_views"}
    assert downstream(dag, "create_views") == {"grant_reading"}
    assert {
        "create_glue_job",
        "create_scoring_job",
        "create_crawler",
    } == downstream(dag, "upload_job_files")


DEPLOYMENT = [
    "create_model",
    "create_endpoint_config",
    "deploy",
    "wait_until_deployed",
    "verify",
]


def test_a_deployment_is_one_chain_of_sagemakers_operators_that_ends_in_a_check(
    dags,
):
    dag = dags["deploy_endpoint"]
    assert downstream(dag, "bundle_champions") == {"plan_deployment"}
    for step, after in zip(DEPLOYMENT, DEPLOYMENT[1:], strict=False):
        assert after in downstream(dag, step)
    assert dag.get_task("plan_deployment").multiple_outputs, (
        "each operator takes its own part of the plan"
    )
    types = [dag.get_task(step).task_type for step in DEPLOYMENT[:4]]
    operators = [
        "SageMakerModelOperator",
        "SageMakerEndpointConfigOperator",
        "SageMakerEndpointOperator",
    ]
    assert types == [*operators, "SageMakerEndpointSensor"]


def test_any_failure_of_a_deployment_is_rolled_back_told_and_fails_the_run(
    dags,
):
    dag = dags["deploy_endpoint"]
    back = dag.get_task("roll_back")
    assert back.upstream_task_ids == {"plan_deployment", *DEPLOYMENT}
    assert back.trigger_rule == TriggerRule.ONE_FAILED
    assert events(back.on_success_callback) == {"endpoint_rolled_back"}
    assert events(dag.get_task("verify").on_success_callback) == {
        "endpoint_deployed"
    }
    assert downstream(dag, "roll_back") == {"wait_until_rolled_back"}
    assert dag.get_task("watcher").upstream_task_ids == {
        "verify",
        "wait_until_rolled_back",
    }


def test_a_promotion_and_a_rollback_say_that_the_champions_have_changed(dags):
    assert list(dags["deploy_endpoint"].schedule) == [Asset("champions")]
    for dag_id, task_id in (
        ("promote_model", "promote"),
        ("promote_model", "rollback"),
    ):
        assert dags[dag_id].get_task(task_id).outlets == [Asset("champions")]
    assert dags["data_drift_redshift_retrain"].get_task("promote").outlets == [
        Asset("champions")
    ]


def test_the_lead_desk_shows_a_list_only_once_it_is_whole(dags):
    steps = [
        "unload_open_leads",
        "score",
        "load_scores",
        "unload_desk",
        "publish_desk",
    ]
    assert [
        step for step in in_order(dags["score_leads"]) if step in steps
    ] == steps


def test_feedback_is_collected_merged_with_the_outcomes_and_reported(dags):
    dag = dags["collect_feedback"]
    assert in_order(dag) == [
        "collect_new",
        "merge_feedback",
        "report_agreement",
    ]
    statements = (
        "clear_feedback_staging",
        "copy_feedback",
        "merge_feedback",
        "join_stages",
        "join_outcomes",
    )
    for name, sql in zip(
        statements, dag.get_task("merge_feedback").sql, strict=True
    ):
        assert f"sql('{name}'" in sql


@pytest.mark.parametrize(
    ("dag_id", "group"),
    [("data_drift_redshift_retrain", "retrain"), ("train_models", "train")],
)
def test_a_snapshot_and_the_votes_behind_its_labels_are_unloaded_in_one_transaction(
    dags, dag_id, group
):
    votes, snapshot = dags[dag_id].get_task(f"{group}.unload_snapshot").sql
    assert "sql('unload_votes'" in votes
    assert "sql('unload_snapshot'" in snapshot


def test_redshift_is_reached_serverless_with_the_tasks_own_identity(tasks):
    statements = [
        task for task in tasks if task.task_type == "RedshiftDataOperator"
    ]
    assert statements
    for task in statements:
        assert task.workgroup_name == "{{ names.settings.redshift.workgroup }}"
        assert (task.cluster_identifier, task.db_user, task.secret_arn) == (
            None,
            None,
            None,
        )


def test_a_cleared_statement_runs_again_rather_than_being_taken_as_done(tasks):
    statements = [
        task for task in tasks if task.task_type == "RedshiftDataOperator"
    ]
    assert statements
    assert [task.task_id for task in statements if task.durable] == []


def test_the_glue_job_is_only_run_by_the_ingestion_and_made_by_bootstrap(dags):
    job = dags["ingest_leads"].get_task("type_and_quarantine")
    assert job.script_location is None
    assert job.create_job_kwargs is None
    assert "create_glue_job" in dags["bootstrap_platform"].task_ids


def test_the_master_takes_one_of_three_branches(master):
    heads = {
        "retrain.unload_snapshot",
        "retrain.plan_training",
        "retrain.chosen_stages",
    }
    assert downstream(master, "decide") == heads | {"no_action", "data_outage"}
    assert master.get_task("decide").task_type == "BranchPythonOperator"


def test_the_masters_way_to_the_branch(master):
    assert downstream(master, "plan_window") == {
        "unload_window",
        "analyse_drift",
    }
    assert downstream(master, "unload_window") == {"analyse_drift"}
    assert "decide" in downstream(master, "analyse_drift")


def test_current_and_matured_leads_are_unloaded_in_one_transaction(master):
    current, matured = master.get_task("unload_window").sql
    assert "sql('unload_window'" in current
    assert "sql('unload_matured'" in matured


def test_a_retrained_model_meets_the_champion_before_it_is_promoted(master):
    assert "champion_challenger" in downstream(
        master, "retrain.registered_challengers"
    )
    assert "decide_promotion" in downstream(master, "champion_challenger")
    assert downstream(master, "decide_promotion") == {
        "promote",
        "ask_approval",
        "keep_champion",
    }


@pytest.mark.parametrize(
    "dag_id", ["data_drift_redshift_retrain", "promote_model"]
)
def test_a_person_is_asked_by_airflows_approval_and_no_answer_keeps_the_champion(
    dags, dag_id
):
    from airflow.providers.standard.operators.hitl import ApprovalOperator

    dag = dags[dag_id]
    ask = dag.get_task("ask_approval")
    assert isinstance(ask, ApprovalOperator)
    assert ask.defaults == ["Reject"]
    assert ask.response_timeout.total_seconds() == 24 * 60 * 60
    assert downstream(dag, "ask_approval") == {"record_answer"}
    assert downstream(dag, "record_answer") == {"promote", "keep_champion"}
    assert {
        dag.get_task(name).trigger_rule for name in ("promote", "keep_champion")
    } == {TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS}


def test_the_gate_of_the_master_knows_what_the_drift_analysis_found(master):
    assert (
        "analyse_drift"
        in master.get_task("champion_challenger").upstream_task_ids
    )


@pytest.mark.parametrize(
    "dag_id", ["data_drift_redshift_retrain", "promote_model"]
)
def test_promotion_has_four_modes_and_is_carried_out_unless_told_otherwise(
    dags, dag_id
):
    mode = dags[dag_id].params.get_param("promotion_mode")
    assert mode.schema["enum"] == ["enabled", "approval", "dry_run", "disabled"]
    assert mode.value == "enabled"


def test_every_branch_meets_at_the_join(master):
    assert master.get_task("join").upstream_task_ids == {
        "promote",
        "keep_champion",
        "no_action",
        "data_outage",
    }
    assert (
        master.get_task("join").trigger_rule
        == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    )
    assert downstream(master, "join") == {"watcher"}


def test_everything_in_the_master_leads_to_the_join(master):
    above = master.get_task("join").get_flat_relative_ids(upstream=True)
    assert set(master.task_ids) - above == {"join", "watcher"}


@pytest.mark.parametrize(
    ("dag_id", "group"),
    [("data_drift_redshift_retrain", "retrain"), ("train_models", "train")],
)
def test_training_has_one_mapped_task_per_family_and_stage(dags, dag_id, group):
    assert dags[dag_id].get_task(f"{group}.train_family").is_mapped
    assert dags[dag_id].get_task(f"{group}.register_challenger").is_mapped


def test_the_trigger_form_offers_the_families_and_stages_that_exist():
    from include.contract.model import SCORING_STAGES
    from include.training.families import FAMILIES

    assert list(training_form.FAMILIES) == list(FAMILIES)
    assert set(training_form.STAGES) == set(SCORING_STAGES)


def test_the_masters_trigger_form_has_the_designs_params(master):
    assert set(master.params) == {
        "drift_share_threshold",
        "force_retrain",
        "primary_metric",
        "promotion_mode",
        "scoring_stages",
        "training_backend",
    }


def test_monitoring_never_retrains(dags):
    assert set(in_order(dags["monitor_drift"])) == {
        "plan_window",
        "unload_window",
        "analyse_drift",
        "check_aliases",
    }


def test_promotion_by_hand_either_rolls_back_or_asks_the_gate(dags):
    dag = dags["promote_model"]
    assert downstream(dag, "choose_action") == {
        "rollback",
        "ask_rollback",
        "nominate",
    }
    assert "champion_challenger" in downstream(dag, "nominate")
    assert downstream(dag, "rollback") == {"join"}


def test_a_rollback_that_waits_for_a_second_person_ends_without_one(dags):
    dag = dags["promote_model"]
    ask = dag.get_task("ask_rollback")
    assert ask.defaults == ["Reject"]
    assert downstream(dag, "ask_rollback") == {"record_rollback_answer"}
    assert downstream(dag, "record_rollback_answer") == {"rollback", "join"}
    assert (
        dag.get_task("rollback").trigger_rule
        == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    )


def events(callbacks):
    return {callback.event for callback in callbacks}


GUIDE_EVENTS = {
    "decide": {"drift_detected"},
    "data_outage": {"data_outage"},
    "retrain.start_training": {"retraining_started"},
    "retrain.register_challenger": {"model_registered"},
    "promote": {"model_deployed"},
    "keep_champion": {"champion_kept"},
}


def test_every_event_of_the_guide_is_announced_by_its_task_and_by_no_other(
    master,
):
    of_the_guide = set().union(*GUIDE_EVENTS.values())
    announced = {
        task_id: events(task.on_success_callback) & of_the_guide
        for task_id, task in master.task_dict.items()
        if getattr(task, "on_success_callback", None)
    }
    assert {
        task_id: names for task_id, names in announced.items() if names
    } == GUIDE_EVENTS


@pytest.mark.parametrize(
    ("dag_id", "group"),
    [("data_drift_redshift_retrain", "retrain"), ("train_models", "train")],
)
def test_a_refused_stage_lets_the_others_go_on_and_fails_the_run(
    dags, dag_id, group
):
    dag = dags[dag_id]
    register = dag.get_task(f"{group}.register_challenger")
    assert downstream(dag, register.task_id) == {
        f"{group}.registered_challengers",
        "watcher",
    }
    registered = dag.get_task(f"{group}.registered_challengers")
    assert registered.trigger_rule == TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
    assert registered.upstream_task_ids == {register.task_id}
    assert dag.get_task("watcher").trigger_rule == TriggerRule.ONE_FAILED
    failed = register.partial_kwargs["on_failure_callback"]
    assert events(failed) == {"task_failed"}


def test_the_quality_gate_tells_of_sources_that_are_not_complete(dags):
    gate = dags["ingest_leads"].get_task("quality_gate")
    assert events(gate.on_success_callback) == {"sources_incomplete"}


@pytest.mark.parametrize(
    ("report", "is_told"),
    [
        ({"source_problems": [{"source": "mail"}]}, True),
        ({"source_problems": []}, False),
        ({"loaded_rows": 3}, False),
        (None, False),
    ],
)
def test_a_load_with_all_its_sources_alerts_nobody(report, is_told):
    ti = SimpleNamespace(xcom_pull=lambda **_: report)
    assert any_source_problem({"ti": ti}) is is_told


def test_the_gate_sees_the_stages_that_have_a_challenger(master):
    gate = master.get_task("champion_challenger")
    assert gate.trigger_rule == TriggerRule.ALL_SUCCESS
    assert gate.upstream_task_ids == {
        "retrain.registered_challengers",
        "analyse_drift",
    }


def test_a_page_about_the_snapshot_cannot_stop_a_training(dags):
    for dag_id, group in (
        ("data_drift_redshift_retrain", "retrain"),
        ("train_models", "train"),
    ):
        start = dags[dag_id].get_task(f"{group}.start_training")
        assert start.upstream_task_ids == {
            f"{group}.write_manifest",
            f"{group}.eda_report",
        }
        assert start.trigger_rule == TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
