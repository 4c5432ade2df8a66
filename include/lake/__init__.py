"""S3 layout, and Parquet and JSON in and out."""
