"""What a site says, put together from its tables."""
