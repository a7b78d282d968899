"""How fast is it here? The workloads W1-W8 on three shapes of the platform, beside this machine's own limits.

`mainspring bench` runs it on anyone's machine; `benchmarks/` compares the same workloads with other systems.
"""
