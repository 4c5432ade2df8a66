import pytest
from pydantic import ValidationError

from include.monitoring.columns.config import DriftConfig, drift_config


def test_every_kind_of_column_has_a_pinned_method_and_threshold():
    config = drift_config()
    assert (config.numeric.method, config.categorical.method) == (
        "wasserstein",
        "jensenshannon",
    )
    assert config.numeric.threshold == config.categorical.threshold == 0.1
    assert (config.prediction.method, config.prediction.threshold) == (
        "wasserstein",
        0.25,
    )


def test_a_misspelt_key_is_refused_by_name():
    content = drift_config().model_dump() | {
        "numerical": {"method": "psi", "threshold": 0.2}
    }
    with pytest.raises(ValidationError, match="numerical"):
        DriftConfig.model_validate(content)


def test_a_constant_that_no_row_needs_to_leave_is_refused():
    content = drift_config().model_dump() | {"constant": {"least_share": 0}}
    with pytest.raises(ValidationError, match="constant.least_share"):
        DriftConfig.model_validate(content)


def test_a_sample_too_small_for_a_distribution_is_refused():
    content = drift_config().model_dump() | {"sample": {"rows": 10}}
    with pytest.raises(ValidationError, match="sample.rows"):
        DriftConfig.model_validate(content)
