"""Serve the guide's own kind of API (18.2): Flask's server around `pipeline.predict` of the pipeline in a file."""

import sys

import joblib
import pandas as pd
from flask import Flask, Response, jsonify, request

app = Flask(__name__)


@app.get("/")
def index() -> str:
    """Say that the server is up."""
    return "ready"


@app.post("/predict")
def predict() -> Response:
    """Return 0 or 1 for each lead of a JSON list."""
    leads = pd.DataFrame(request.get_json())
    predictions = app.config["model"].predict(leads)
    return jsonify(predictions.tolist())


if __name__ == "__main__":
    app.config["model"] = joblib.load(sys.argv[1])
    app.run(port=int(sys.argv[2]))
