"""The identity provider of the embedded run: a certified OpenID implementation (npm oidc-provider) with few accounts.

Code flow with PKCE (S256, required), client credentials for machines, JWT access tokens for the audience `hoso-api`.
"""
