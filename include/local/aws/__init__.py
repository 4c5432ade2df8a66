"""Local AWS: moto's server with a Glue crawler, a Glue job runner and a Redshift Data API that really run."""
