# The scoring API, and the same image as a SageMaker endpoint: `docker run IMAGE` serves the registry's champions on 8090,
# `docker run IMAGE serve`, as SageMaker calls it, the champions below /opt/ml/model on 8080.
# Built from the project's root: docker build -f docker/serving.Dockerfile -t lead-conversion-serving .
FROM python:3.12-slim-bookworm

# LightGBM and XGBoost are linked against GNU's OpenMP.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*

COPY include/serving/requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check --requirement /tmp/requirements.txt

WORKDIR /app
COPY include/__init__.py include/settings.py include/
COPY include/contract include/contract
COPY include/features include/features
COPY include/lake include/lake
COPY include/registry include/registry
COPY include/serving include/serving
RUN printf '#!/bin/sh\ncd /app && exec python -m include.serving serve "$@"\n' > /usr/local/bin/serve \
    && chmod 755 /usr/local/bin/serve \
    && useradd --system --uid 10001 --create-home api

# One thread of OpenMP for each request's thread; several would wait for each other.
ENV OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1
USER api
EXPOSE 8080 8090
CMD ["python", "-m", "include.serving", "--host", "0.0.0.0"]
