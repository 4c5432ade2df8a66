"""Register the views of the API under their routes."""

from flask import Flask
from flask.typing import RouteCallable

from include.api.views.batch import predict_batch
from include.api.views.feedback import feedback
from include.api.views.pages import docs, index, model, openapi
from include.api.views.predict import predict
from include.api.views.sagemaker import invocations, ping
from include.api.views.status import healthz, metrics, readyz

PAGES: dict[str, RouteCallable] = {
    "/": index,
    "/model": model,
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
    "/openapi.json": openapi,
    "/docs": docs,
    "/ping": ping,
}
ACTIONS: dict[str, RouteCallable] = {
    "/predict": predict,
    "/predict/batch": predict_batch,
    "/feedback": feedback,
    "/invocations": invocations,
}


def add_routes(app: Flask) -> None:
    """Register every view in the application: GET for pages, POST for actions."""
    for path, page in PAGES.items():
        app.add_url_rule(path, view_func=page)
    for path, action in ACTIONS.items():
        app.add_url_rule(path, view_func=action, methods=["POST"])
