"""The story's cells: determinism, true probabilities, and what is in the tables."""

from dataclasses import fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from demo.story.dates import APPROVAL_SHIFT, CHANNEL_SHIFT, EMAIL_OUTAGE
from demo.story.effects import (
    History,
    approved_drivers,
    at_capture,
    at_contact,
    at_engagement,
    base_of,
    converted_logit,
    sigmoid,
)
from demo.story.population import (
    CHANNELS,
    NEW_CHANNEL,
    NEW_CHANNEL_SHARE,
)
from demo.story.story import (
    SOURCES,
    STAGES,
    best_auc,
    draw_cell,
    draw_facts,
    make_world,
    people_table,
    roc_auc,
)

SMALL = 3_000


@pytest.fixture(scope="module")
def facts():
    world = make_world(20_000, seed=7)
    return [draw_facts(world, index) for index in world.cells]


@pytest.fixture(scope="module")
def people(facts):
    return pa.concat_tables([people_table(cell) for cell in facts])


@pytest.fixture(scope="module")
def cell():
    return draw_cell(make_world(SMALL, seed=7), 0)


@pytest.mark.parametrize("outcome", ["converted", "approved"])
@pytest.mark.parametrize("stage", STAGES)
def test_the_best_possible_auc_is_neither_trivial_nor_noise(
    people, outcome, stage
):
    assert 0.75 <= best_auc(people, outcome, stage) <= 0.88


@pytest.mark.parametrize("outcome", ["converted", "approved"])
def test_a_later_stage_knows_more(people, outcome):
    areas = [best_auc(people, outcome, stage) for stage in STAGES]
    assert areas == sorted(areas)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("outcome", ["converted", "approved"])
def test_true_probabilities_are_calibrated(people, outcome, stage):
    labels = people[outcome].to_pandas()
    probabilities = people[f"p_{outcome}_{stage}"].to_pandas()
    usable = labels.notna() & probabilities.notna()
    labels = labels[usable].astype(float)
    probabilities = probabilities[usable]
    bands = (probabilities * 10).astype(int)
    for band in sorted(set(bands)):
        rows = bands == band
        expected = probabilities[rows].mean()
        error = (expected * (1 - expected) / rows.sum()) ** 0.5
        assert labels[rows].mean() == pytest.approx(expected, abs=4.5 * error)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("capture", "engagement"), ("engagement", "contact")],
)
def test_an_earlier_probability_is_the_mean_of_the_later_one(
    people, earlier, later
):
    before = people[f"p_converted_{earlier}"].to_pandas()
    after = people[f"p_converted_{later}"].to_pandas()
    rows = after.notna()
    bands = (before[rows] * 10).astype(int)
    for band in sorted(set(bands)):
        changes = (after[rows] - before[rows])[bands == band]
        error = changes.std() / len(changes) ** 0.5
        assert changes.mean() == pytest.approx(0, abs=4.5 * error)


def _shuffled(history, names, seed=3):
    """Return a history whose named drivers belong to other people."""
    rng = np.random.default_rng(seed)
    changes = {}
    for name in names:
        changes[name] = rng.permutation(getattr(history, name))
    return replace(history, **changes)


def test_what_comes_after_seven_days_is_not_in_the_engagement_probability(
    facts,
):
    people, history = facts[0].people, facts[0].journeys.history
    other = _shuffled(history, ["recency", "call_block"])
    truth = at_engagement(people, history)
    same = at_engagement(people, other)
    np.testing.assert_array_equal(truth.converted, same.converted)
    np.testing.assert_array_equal(truth.approved, same.approved)


def test_drivers_known_at_engagement_are_in_its_probability(facts):
    people, history = facts[0].people, facts[0].journeys.history
    for name in ("speed", "answered", "touches"):
        other = at_engagement(people, _shuffled(history, [name]))
        truth = at_engagement(people, history)
        assert not np.array_equal(truth.converted, other.converted)


def test_probabilities_read_no_outcome_and_no_other_event(facts):
    """The functions take what is known at capture and the drivers: no outcome can reach them."""
    known = {field.name for field in fields(History)}
    assert known == {"speed", "answered", "touches", "recency", "call_block"}
    people, journeys = facts[0].people, facts[0].journeys
    contact = at_contact(people, journeys.history)
    logit = converted_logit(base_of(people), journeys.history)
    np.testing.assert_allclose(contact.converted, sigmoid(logit))


def test_the_capture_probability_of_a_person_needs_nobody_else(facts):
    people = facts[0].people
    one = {
        field.name: getattr(people, field.name)[:1] for field in fields(people)
    }
    alone = at_capture(replace(people, **one))
    assert alone.converted[0] == pytest.approx(
        at_capture(people).converted[0], rel=1e-12
    )


def test_the_new_channel_starts_on_its_day(facts):
    channel = np.concatenate([part.people.channel for part in facts])
    captured_at = np.concatenate([part.people.captured_at for part in facts])
    is_new = channel == NEW_CHANNEL
    after = captured_at >= CHANNEL_SHIFT
    assert not is_new[~after].any()
    assert is_new[after].mean() == pytest.approx(NEW_CHANNEL_SHARE, abs=0.02)


def test_the_new_channel_brings_other_leads(facts):
    people = facts[-1].people
    is_new = people.channel == NEW_CHANNEL
    assert np.median(people.employees[~is_new]) > 2 * np.median(
        people.employees[is_new]
    )
    assert people.seniority[~is_new].mean() > people.seniority[is_new].mean()


def _auc_of(facts, values, new):
    """Return the ROC-AUC for `approved` of one value of each person, by the old or by the new criteria."""
    scores, labels = [], []
    for part in facts:
        outcomes = part.journeys.outcomes
        decided = ~np.isnat(outcomes.decided_at)
        rows = decided & ((outcomes.started_at >= APPROVAL_SHIFT) == new)
        scores.append(values(part)[rows].astype(float))
        labels.append(outcomes.approved[rows])
    return roc_auc(np.concatenate(scores), np.concatenate(labels))


def _old_score(part):
    base = base_of(part.people)
    return base.approved[0] + approved_drivers(part.journeys.history)


def test_new_criteria_make_the_old_best_score_nearly_worthless(facts):
    assert _auc_of(facts, _old_score, new=False) > 0.75
    assert _auc_of(facts, _old_score, new=True) < 0.6


def test_new_criteria_ask_for_seniority_and_no_longer_for_size(facts):
    def size(part):
        return part.people.employees

    def seniority(part):
        return part.people.seniority

    assert _auc_of(facts, size, new=False) > 0.6
    assert _auc_of(facts, size, new=True) < 0.5
    gain = _auc_of(facts, seniority, new=True) - _auc_of(
        facts, seniority, new=False
    )
    assert gain > 0.05


def test_approval_is_calibrated_for_leads_whose_criteria_are_still_open(
    people,
):
    rows = people.to_pandas()
    weeks = APPROVAL_SHIFT - np.timedelta64(42, "D")
    captured_at = rows["captured_at"].dt.tz_localize(None)
    rows = rows[captured_at.between(weeks, APPROVAL_SHIFT)]
    rows = rows[rows["approved"].notna()]
    expected = rows["p_approved_capture"]
    error = ((expected * (1 - expected)).sum() ** 0.5) / len(rows)
    share = rows["approved"].astype(float).mean()
    assert len(rows) > 200
    assert share == pytest.approx(expected.mean(), abs=4 * error)


def test_the_approval_shift_leaves_conversion_alone(facts):
    for part in facts:
        people, history = part.people, part.journeys.history
        years_earlier = people.captured_at - np.timedelta64(86_400 * 1_461, "s")
        early = replace(people, captured_at=years_earlier)
        np.testing.assert_allclose(
            at_contact(early, history).converted,
            at_contact(people, history).converted,
        )


def test_the_same_seed_gives_the_same_cell_and_another_seed_another(cell):
    again = draw_cell(make_world(SMALL, seed=7), 0)
    other = draw_cell(make_world(SMALL, seed=8), 0)
    for source in SOURCES:
        assert again.sources[source].equals(cell.sources[source])
    assert again.people.equals(cell.people)
    assert not other.people.equals(cell.people)


def test_a_cell_does_not_depend_on_the_cells_made_before_it():
    world = make_world(12_000, seed=5)
    draw_facts(world, 0)
    after_first = people_table(draw_facts(world, 1))
    alone = people_table(draw_facts(make_world(12_000, seed=5), 1))
    assert alone.equals(after_first)


def test_there_are_about_twenty_rows_for_each_lead(cell):
    rows = sum(table.num_rows for table in cell.sources.values())
    assert cell.people.num_rows == SMALL
    assert 18 <= rows / SMALL <= 30


def test_every_row_says_when_it_occurred_and_when_it_arrived(cell):
    for source, table in cell.sources.items():
        assert table["occurred_at"].null_count == 0, source
        assert table["arrived_at"].null_count == 0, source


def test_rows_arrive_in_order_late_and_twice(cell):
    for source, table in cell.sources.items():
        arrived_at = table["arrived_at"].to_numpy()
        assert (np.diff(arrived_at) >= np.timedelta64(0)).all()
        delay = arrived_at - table["occurred_at"].to_numpy()
        late = (delay > np.timedelta64(1, "D")).mean()
        assert 0.003 < late < 0.06, source
        repeated = 1 - pc.count_distinct(table["row_id"]).as_py() / len(table)
        assert 0.003 < repeated < 0.02, source


def test_a_skewed_clock_stamps_rows_later_than_they_arrive(cell):
    emails = cell.sources["marketing/email"].to_pandas()
    ahead = emails["occurred_at"] > emails["arrived_at"]
    assert set(emails.loc[ahead, "server"]) == {"mx3"}
    assert ahead.mean() == pytest.approx(0.03, abs=0.01)


def test_email_events_of_the_outage_arrive_at_its_end(cell):
    arrived_at = cell.sources["marketing/email"]["arrived_at"].to_numpy()
    start, end = EMAIL_OUTAGE
    assert not ((arrived_at >= start) & (arrived_at < end)).any()
    hour = np.timedelta64(1, "h")
    first_hour = ((arrived_at >= end) & (arrived_at < end + hour)).sum()
    usual_hour = len(arrived_at) / (600 * 24)
    assert first_hour > 20 * usual_hour


def test_all_addresses_are_under_example_com(cell):
    for table in cell.sources.values():
        if "email" in table.column_names:
            emails = table["email"].to_pandas().str.lower()
            emails = emails[emails != ""]
            assert emails.str.fullmatch(r"[^@ ]+@([\w-]+\.)?example\.com").all()


def test_addresses_come_in_several_spellings(cell):
    emails = cell.sources["marketing/email"]["email"].to_pandas()
    assert emails.str.contains(r"\+news@").any()
    assert emails.str.isupper().any()
    spellings = emails.groupby(emails.str.lower()).nunique()
    assert (spellings > 1).mean() > 0.2


def test_phones_come_in_several_spellings(cell):
    phones = cell.sources["crm/leads"]["phone"].to_pandas()
    phones = phones[phones != ""]
    for opening in ("+1", "tel:", "(", "00", "1 ("):
        assert phones.str.startswith(opening).mean() > 0.01, opening


def test_shared_inboxes_and_switchboards_belong_to_several_people(cell):
    leads = cell.sources["crm/leads"].to_pandas()
    leads["email"] = leads["email"].str.lower()
    first = leads.sort_values("occurred_at").drop_duplicates("lead_id")
    assert first["email"].str.startswith("info@").sum() > 20
    assert first.groupby("email")["lead_id"].nunique().max() >= 5
    plain = first[first["phone"].str.startswith("+")]
    assert plain.groupby("phone")["lead_id"].nunique().max() >= 4


def test_a_merge_names_the_record_that_survives(cell):
    leads = cell.sources["crm/leads"].to_pandas()
    merges = leads[leads["status"] == "merged"]
    assert len(merges) > SMALL * 0.02
    assert (merges["merged_into"] != merges["lead_id"]).all()
    assert merges["merged_into"].isin(leads["lead_id"]).all()
    assert (leads.loc[leads["status"] != "merged", "merged_into"] == "").all()


def test_both_records_of_a_merge_belong_to_one_person(cell):
    leads = cell.sources["crm/leads"].to_pandas()
    records = cell.records["crm/leads"].to_pandas()
    persons = dict(zip(leads["lead_id"], records["person_id"], strict=True))
    merges = leads[leads["status"] == "merged"]
    for row in merges.itertuples():
        assert persons[row.lead_id] == persons[row.merged_into]


def test_clicks_of_nobody_have_no_person(cell):
    ads = cell.sources["marketing/ads"].to_pandas()
    nobody = cell.records["marketing/ads"].to_pandas()["person_id"].isna()
    assert nobody.sum() > 20
    assert (ads.loc[nobody, ["email", "phone"]] == "").all(axis=None)


def test_records_name_the_person_of_each_row(cell):
    for source, table in cell.sources.items():
        assert cell.records[source]["row_id"].equals(table["row_id"])


def test_stages_come_in_order_and_conversions_after_the_call(cell):
    people = cell.people.to_pandas()
    called = people[people["contact_at"].notna()]
    assert (people["captured_at"] < people["engagement_at"]).all()
    assert (called["engagement_at"] < called["contact_at"]).all()
    converted = called[called["converted"]]
    assert (converted["contact_at"] < converted["converted_at"]).all()
    assert people["contact_at"].isna().mean() == pytest.approx(0.05, abs=0.02)


def test_touches_and_answers_of_the_truth_stand_in_the_rows(cell):
    """Recount the truth's drivers from the rows: opens, clicks and what leads did, by true person and moment."""
    people = cell.people.to_pandas().set_index("person_id")
    parts = []
    for source in ("crm/interactions", "marketing/email"):
        rows = cell.sources[source].to_pandas()
        rows["person_id"] = cell.records[source].to_pandas()["person_id"]
        parts.append(rows.drop_duplicates("row_id"))
    interactions, emails = parts
    replies = interactions[interactions["kind"] == "reply"]
    outreach = interactions[interactions["kind"] == "outreach"]
    first = outreach.set_index("person_id")["occurred_at"]
    delay = replies["occurred_at"] - replies["person_id"].map(first)
    quick = replies.loc[delay <= np.timedelta64(48, "h"), "person_id"]
    answered = people.index.isin(quick)
    assert (answered == people["answered"]).all()

    own = interactions[interactions["direction"] == "in"]
    opened = emails[
        emails["kind"].isin(["open", "click"]) & (emails["server"] != "mx3")
    ]
    counts = np.zeros(len(people), dtype=int)
    for rows in (own, opened):
        ends = rows["person_id"].map(people["engagement_at"])
        early = rows.loc[rows["occurred_at"] < ends, "person_id"]
        counts += np.bincount(early, minlength=len(people))
    assert (counts <= people["touches"]).all()
    assert counts.sum() / people["touches"].sum() > 0.97


def test_outcomes_of_the_truth_are_the_last_ones_of_the_database(cell):
    rows = cell.sources["applications"].to_pandas()
    rows["person_id"] = cell.records["applications"].to_pandas()["person_id"]
    people = cell.people.to_pandas().set_index("person_id")
    decided = rows[rows["approved"] != ""].sort_values("occurred_at")
    last = decided.groupby("person_id")["approved"].last() == "yes"
    truth = people.loc[last.index, "approved"].astype(bool)
    assert (last == truth).all()
    withdrawn = set(rows.loc[rows["status"] == "withdrawn", "person_id"])
    assert withdrawn
    assert people.loc[list(withdrawn), "approved"].isna().all()


def test_the_calendar_has_a_29_february_with_captures(facts):
    captured_at = facts[0].people.captured_at.astype("datetime64[D]")
    assert (captured_at == np.datetime64("2024-02-29")).sum() > 5


def test_channels_are_named(cell):
    assert set(cell.sources["crm/leads"]["channel"].unique().to_pylist()) == (
        set(CHANNELS)
    )


@pytest.mark.parametrize("leads", [0, 5_000_001])
def test_an_impossible_number_of_leads_is_refused(leads):
    with pytest.raises(ValueError, match="leads has to be"):
        make_world(leads, seed=1)


def test_one_lead_makes_a_story():
    cell = draw_cell(make_world(1, seed=3), 0)
    assert cell.people.num_rows == 1


def test_roc_auc_counts_ties_half():
    scores = np.array([0.1, 0.5, 0.5, 0.9])
    labels = np.array([False, True, False, True])
    assert roc_auc(scores, labels) == pytest.approx(0.875)
