from include.contract.derived import ddl


def test_every_type_has_its_redshift_type(small):
    assert dict(ddl.staging_columns(small)) == {
        "lead_id": "VARCHAR(1024)",
        "nr": "INTEGER",
        "won": "INTEGER",
        "visits": "INTEGER",
        "pages": "DOUBLE PRECISION",
        "channel": "VARCHAR(256)",
        "heat": "VARCHAR(256)",
        "no_calls": "VARCHAR(3)",
        "source_file": "VARCHAR(1024)",
        "source_changed_at": "TIMESTAMP",
    }


def test_staging_has_the_fields_in_order_because_copy_goes_by_position(
    x_education,
):
    assert [name for name, _ in ddl.staging_columns(x_education)] == [
        *x_education.fields,
        "source_file",
        "source_changed_at",
    ]


def test_the_table_adds_when_row_and_label_first_arrived(small):
    added = ddl.leads_columns(small)[len(ddl.staging_columns(small)) :]
    assert added == (
        ("ingested_at", "TIMESTAMP"),
        ("label_at", "TIMESTAMP"),
        ("label_source_changed_at", "TIMESTAMP"),
    )


def test_a_column_that_dates_a_row_dates_its_outcome_too(small):
    dated = small.model_copy(update={"changed_at": "visits"})
    assert ddl.leads_columns(dated)[-2:] == (
        ("label_visits", "INTEGER"),
        ("label_source_changed_at", "TIMESTAMP"),
    )


def test_the_table_is_spread_by_key_and_sorted_by_clock(small):
    assert (
        ddl.table_hints(small) == "DISTSTYLE KEY DISTKEY (lead_id) SORTKEY (nr)"
    )
