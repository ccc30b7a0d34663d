"""Portal: the pages for people. It owns nothing but sessions: all it knows it asks the services' public HTTP for.

Any other portal can do what it does. It hears nothing, says nothing, and is not needed for any dossier to go on.
"""
