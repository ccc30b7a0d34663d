"""Attachments: files that applicants and clerks upload, and dossiers name.

    stream      how content is encrypted in chunks            labels      what is kept of a file's name
    inspection  what content may be, by its bytes             archive     the same of office documents
    attachment  the aggregate `files` and what it reacts to   messages    its commands, effects, outcomes
    vault       encrypted content in the store                clamd       the virus scanner's protocol
    upkeep      effects and sweeps                            api, documents   the doors

An upload becomes visible by one write of its aggregate, after all of its content is stored and was looked at.
"""
