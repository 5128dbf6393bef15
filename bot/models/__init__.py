"""The trained models: which files are known, what each is worth, which one serves. Files only, no database."""
