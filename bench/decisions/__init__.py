"""Judge the decisions on data that nobody tuned them to: drift, outage, choice of model, calibration and gate."""
