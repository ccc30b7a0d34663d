"""Delivery by itself: documents a second against bare rendering and signing, and how fast a document is verified."""
