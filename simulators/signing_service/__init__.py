"""A signing service, a time-stamp authority and an OCSP responder: keys that others may use and nobody may read.

``POST /sign`` signs a digest with a named key (ECDSA, RFC 5480 names) and gives the same signature for the same request
id; a request id with another digest is refused. ``POST /tsa`` is RFC 3161 over HTTP, by pyHanko's own stamper;
``POST /ocsp`` is RFC 6960: every certificate is good until ``POST /control/revoke/{key}``.
Between the two protocols and the format of a PDF there is nothing: it never sees a document.
"""
