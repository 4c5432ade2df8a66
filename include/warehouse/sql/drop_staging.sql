DROP TABLE {{ staging }}
