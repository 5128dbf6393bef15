"""Understanding: the components of the pipeline in config.yml, one a file, around pure functions."""
