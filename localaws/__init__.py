"""Local AWS: moto's server with Glue crawlers and jobs, a Redshift Data API and SageMaker training that really run."""
