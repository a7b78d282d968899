"""What people write with: clients, jobs, tasks, and `io` inside a run. Knows neither server nor worker."""
