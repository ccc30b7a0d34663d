"""Status and timeline. Pure."""
