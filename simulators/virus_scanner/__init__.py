"""A virus scanner that speaks clamd's protocol, knows EICAR's test string, and can be told to fail."""
