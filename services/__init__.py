"""The services: independent of each other, known to each other only through schemas/."""
