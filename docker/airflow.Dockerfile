# Airflow as MWAA runs it: the same version, and the pins of requirements.txt on top, by digest. dags/, plugins/ and
# include/ are mounted.
FROM apache/airflow:3.2.1-python3.12

# A full lock, made under AWS's constraints, so it needs no other constraint file. It is its own: pip does not apply a
# pin to the same package with extras (evidently asks for pandas[parquet]) and would fetch every later version first.
COPY docker/airflow-requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /tmp/requirements.txt --constraint /tmp/requirements.txt

ENV PYTHONPATH=/opt/airflow OMP_NUM_THREADS=1
USER 50000
