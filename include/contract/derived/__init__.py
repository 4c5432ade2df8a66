"""What is derived from a contract: columns of tables, the data dictionary, what people see, sentences of reasons."""
