"""Every byte of input and output; no adapter knows another."""
