"""Files of several systems in deliveries, by the month in which they arrived."""

import io

import pandas as pd

from demo.replay.systems import draw_deliveries


def test_every_file_is_delivered_once_the_older_months_first(tmp_path):
    first, newest = draw_deliveries(tmp_path / "story", leads=200)
    written = {
        path.relative_to(tmp_path / "story" / "raw-data").as_posix()
        for path in (tmp_path / "story" / "raw-data").rglob("*.csv")
    }
    assert set(first.files) | set(newest.files) == written
    months = [
        {path.split("/")[-2] for path in delivery.files}
        for delivery in (first, newest)
    ]
    assert max(months[0]) < min(months[1])
    keys = {
        key
        for path in written
        if path.startswith("crm/leads/")
        for key in pd.read_csv(
            io.BytesIO({**first.files, **newest.files}[path]), dtype=str
        )["lead_id"]
    }
    assert first.rows + newest.rows == len(keys)
    assert first.rows > newest.rows > 0
    assert first.form == {"families": ["logistic_regression"]}


def test_a_second_drawing_writes_the_same_files(tmp_path):
    once = draw_deliveries(tmp_path, leads=50)
    assert draw_deliveries(tmp_path, leads=50) == once
