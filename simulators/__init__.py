"""The simulated partners: processes of their own that speak the real protocols. They know nothing of the system."""
