"""The tables behind the synthetic leads hold aggregates only."""

from demo.leads.fit_synthetic import CELL, LEVEL, fit
from demo.leads.synthetic import synthetic_leads


def test_levels_of_too_few_leads_are_left_out():
    leads = synthetic_leads(1500, 3)
    leads.loc[leads.index[: LEVEL - 1], "City"] = "Nowhere"
    assert "Nowhere" not in str(fit(leads))


def test_no_table_stands_for_fewer_leads_than_a_cell_may():
    leads = synthetic_leads(1500, 3)
    counts = leads.groupby(["Converted", "Lead Origin"]).size()
    cells = fit(leads)["columns"]["Lead Source"]["table"]
    small = {
        f"{origin}|{label}"
        for (label, origin), rows in counts.items()
        if rows < CELL
    }
    assert small
    assert not small & set(cells)


def test_no_identifier_reaches_the_tables():
    leads = synthetic_leads(300, 3)
    text = str(fit(leads))
    assert not [name for name in leads["Prospect ID"] if name in text]
    assert not [number for number in leads["Lead Number"] if number in text]
