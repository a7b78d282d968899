"""The HTTP face of the engine: the API, the worker protocol, their keys and their error answers."""
