"""Where user code meets the engine: claims runs, executes them, reports every outcome in batches."""
