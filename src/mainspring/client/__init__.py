"""The same verbs over HTTP: the door that people's code calls through, and the worker's backend."""
