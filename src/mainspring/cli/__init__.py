"""The command line: a file per command group. Data goes to stdout, talk to stderr, the verdict to the exit code."""
