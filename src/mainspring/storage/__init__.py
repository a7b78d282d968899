"""How things are kept: connections, named SQL, rows and values. Decides nothing; the engine does."""
