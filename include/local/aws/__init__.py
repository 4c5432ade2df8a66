"""Local AWS: moto's server with Glue and Redshift made real."""
