"""An HTTP SMS gateway of the eSMS kind (domain.md 4): a RequestId it knows is answered as before, not sent again."""
