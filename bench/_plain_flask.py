"""The guide's own kind of API (18.2): Flask's server around `pipeline.predict`; reads the pipeline that it is given."""

import sys

import joblib
import pandas as pd
from flask import Flask, Response, jsonify, request

app = Flask(__name__)


@app.get("/")
def index() -> str:
    """Says that it is there."""
    return "ready"


@app.post("/predict")
def predict() -> Response:
    """0 or 1 for each lead of a JSON list."""
    return jsonify(app.config["model"].predict(pd.DataFrame(request.get_json())).tolist())


if __name__ == "__main__":
    app.config["model"] = joblib.load(sys.argv[1])
    app.run(port=int(sys.argv[2]))
