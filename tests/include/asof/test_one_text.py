"""The compiled text: one for three engines."""

import duckdb
import pandas as pd
import pytest
import sqlglot

from include.asof.compile import features_sql
from include.asof.errors import FeatureInputError
from include.asof.in_duckdb import compute_features
from include.asof.inputs import typed_inputs
from include.asof.tables import Tables
from localaws.redshift.catalog import Catalog
from localaws.redshift.dialect import translate
from localaws.redshift.meaning import macros
from tests.include.asof.conftest import declare
from tests.include.asof.samples import EVERY_KIND, TABLES, random_inputs, seeded


@pytest.fixture(scope="module")
def query() -> str:
    return features_sql(declare(EVERY_KIND), TABLES)


@pytest.mark.parametrize("dialect", ["duckdb", "spark", "redshift"])
def test_each_dialect_reads_the_text_and_the_same_columns(query, dialect):
    tree = sqlglot.parse_one(query, read=dialect)
    names = [feature.name for feature in declare(EVERY_KIND)]
    assert tree.named_selects == ["lead_key", "stage", *names]


def test_the_text_means_the_same_in_each_dialect(query):
    trees = {
        sqlglot.parse_one(query, read=dialect).sql("duckdb")
        for dialect in ("duckdb", "redshift")
    }
    assert len(trees) == 1


def test_the_same_features_give_the_same_text(query):
    assert features_sql(declare(EVERY_KIND), TABLES) == query


def test_a_source_without_a_table_is_named():
    with pytest.raises(FeatureInputError, match="events of 'crm'"):
        features_sql(declare(EVERY_KIND), Tables())


def test_an_outcome_without_a_table_is_named():
    with pytest.raises(FeatureInputError, match="outcome 'converted'"):
        features_sql(declare(EVERY_KIND), Tables("leads", TABLES.events))


@pytest.mark.parametrize("name", ["Leads", "a b", "fx_leads", "a;b", ""])
def test_a_table_whose_name_would_need_quotes_is_refused(name):
    with pytest.raises(FeatureInputError, match="name of a table"):
        Tables(leads=name)


REDSHIFT_TABLES = """
CREATE SCHEMA public;
CREATE TABLE public.leads (lead_key VARCHAR, stage VARCHAR, moment BIGINT, created_at BIGINT);
CREATE TABLE public.crm (
    lead_key VARCHAR, occurred_at BIGINT, arrived_at BIGINT, action VARCHAR, channel VARCHAR, amount DOUBLE
);
CREATE TABLE public.mail (lead_key VARCHAR, occurred_at BIGINT, arrived_at BIGINT);
CREATE TABLE public.accounts (lead_key VARCHAR, occurred_at BIGINT, arrived_at BIGINT, industry VARCHAR);
CREATE TABLE public.converted (lead_key VARCHAR, occurred_at BIGINT, arrived_at BIGINT, value BIGINT);
"""


@pytest.mark.parametrize(
    "names",
    [
        {"after_mail", "spent", "channels", "days", "answered", "last_amount"},
        pytest.param({"industry", "industry_rate"}, marks=pytest.mark.slow),
    ],
    ids=["events", "outcomes"],
)
def test_redshift_as_local_aws_reads_it_gives_the_same_values(names):
    """Local AWS refuses what Redshift does not document, and divides and adds as Redshift does."""
    features = tuple(
        feature for feature in declare(EVERY_KIND) if feature.name in names
    )
    query = features_sql(features, TABLES)
    inputs = random_inputs(seeded(7), leads=6, events=30)
    typed = typed_inputs(features, inputs)
    frames = {"leads": typed.leads, **typed.events, **typed.outcomes}
    with duckdb.connect() as engine:
        for definition in macros.DEFINITIONS:
            engine.execute(definition)
        engine.execute(REDSHIFT_TABLES)
        engine.execute("SET schema = 'public'")
        for name, frame in frames.items():
            engine.register("rows_of_it", frame)
            engine.execute(
                f"INSERT INTO public.{name} BY NAME SELECT * FROM rows_of_it"
            )
        (statement,) = translate(query, Catalog(engine)).statements
        redshift = engine.sql(statement).df()
    expected = compute_features(features, inputs)
    keys = ["lead_key", "stage"]
    pd.testing.assert_frame_equal(
        redshift.sort_values(keys, ignore_index=True),
        expected.sort_values(keys, ignore_index=True),
        check_dtype=False,
        rtol=1e-12,
    )
