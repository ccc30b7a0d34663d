"""``make scale ROWS=1000000``: do lists, search and tracking stay as fast when a hundred times as many are stored?

The stores of submission and tracking are filled with documents as those services write them (handlers, codec, sealed
values, search tokens), each dossier at a stage of its life, and asked through the services' own HTTP routes.
"""
