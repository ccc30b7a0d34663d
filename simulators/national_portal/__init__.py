"""The national portal's synchronisation API, as one-stop software calls it: sessions, records and steps of dossiers."""
