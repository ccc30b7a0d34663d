"""A mail server that takes everything over SMTP and shows it."""
