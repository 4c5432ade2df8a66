"""The guide's contract means what it meant before contracts had a second format.

The figures were recorded at commit c48c68c, whose contract was of format 1, by the functions below.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from demo.leads.synthetic import synthetic_leads
from include.contract import KnownAt, load_contract
from include.contract.derived.ddl import leads_columns, table_hints
from include.features.preprocess import preprocessing_steps
from include.glue.job_contract import parse_contract
from include.glue.records.csv_records import parse_file
from include.lake.layout import Layout
from include.settings import Settings

RECORDED = Path(__file__).with_name("x_education_recorded.json")
STAGES = (KnownAt.CAPTURE, KnownAt.ENGAGEMENT, KnownAt.CONTACT)


def digest(text):
    """Return a short digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def figures():
    """Return names, tables, folders, typed rows, design matrices and scores of the guide's contract."""
    contract = load_contract("x_education")
    leads = synthetic_leads(600)
    content = leads.to_csv(index=False).encode()
    job_contract = parse_contract(contract.model_dump_json())
    records = [
        (record.kind, record.line, record.raw, record.reason, record.values)
        for record in parse_file(job_contract, content)
    ]
    layout = Layout(Settings(), contract)
    found = {
        "columns": [list(column) for column in leads_columns(contract)],
        "hints": table_hints(contract),
        "names": contract.names.model_dump(),
        "models": [contract.model_name(stage) for stage in STAGES],
        "decisions": contract.decisions.model_dump(mode="json"),
        "folders": [layout.raw, layout.snapshots, layout.load("l")],
        "records": digest(repr(records)),
    }
    rows = leads.set_axis(contract.fields, axis=1)
    outcome = rows[contract.label].astype(int)
    for stage in STAGES:
        steps = preprocessing_steps(contract, stage, grouped=True)
        preprocess = Pipeline(steps).fit(rows, outcome)
        matrix = np.asarray(preprocess.transform(rows), dtype="float64")
        model = LogisticRegression(max_iter=500).fit(matrix, outcome)
        found[f"{stage} names"] = digest(
            repr(list(preprocess.get_feature_names_out()))
        )
        found[f"{stage} matrix"] = digest(repr(matrix.round(9).tolist()))
        found[f"{stage} scores"] = (
            model.predict_proba(matrix)[:5, 1].round(6).tolist()
        )
    return json.loads(json.dumps(found))


def test_the_guides_contract_means_what_it_meant():
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert figures() == recorded
