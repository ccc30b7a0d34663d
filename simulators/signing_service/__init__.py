"""A signing service and a time-stamp authority: keys that others may use and nobody may read.

``POST /sign`` signs a digest with a named key (ECDSA, RFC 5480 names) and gives the same signature for the same request
id; a request id with another digest is refused. ``POST /tsa`` is RFC 3161 over HTTP, by pyHanko's own stamper.
Between the two protocols and the format of a PDF there is nothing: it never sees a document.
"""
