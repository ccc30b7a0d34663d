"""The contracts: all that services know of each other.

One module per stream of events (`dossier`, `payment`, `delivery`, `notification`), one for what upstream portals
send and get back (`upstream`), the envelope every record travels in (`envelope`), the type of sealed personal
values (`personal`), and the one declaration of topics (`topics`). Golden JSON of every version is under `goldens/`,
the generated JSON Schema and AsyncAPI document under `generated/`.
"""
