"""From a published source document to draft YAML and a report; one reader per kind of document."""
