"""Who should look now, in other processes. Losing every hint loses time and nothing else."""
