"""The dossier's life and what a filing must hold. Pure."""
