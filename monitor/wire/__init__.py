"""The wire: bytes to records and back, with every refusal in words."""
