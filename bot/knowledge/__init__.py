"""The knowledge base: reviewed YAML (knowledge/), its schema, the database built from it, and the queries on it."""
