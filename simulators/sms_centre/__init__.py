"""An SMS centre that speaks SMPP 3.4, and the phones it delivers to.

Every submit_sm gets an id of its own: a real centre does not know that it has seen a text before, and neither does
this one. Narrow: PyPI `smpp34` has no hook for the bind password, so any password binds.
"""
