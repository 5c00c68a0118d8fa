"""What the site's TOML files say, row by row, read strictly."""
