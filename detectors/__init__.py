"""Windows, kernels and the bank that turns blocks of readings into findings."""
