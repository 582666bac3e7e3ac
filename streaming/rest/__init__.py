"""The door for whole files: the REST calls of OpenAI's audio API, and nothing else."""
