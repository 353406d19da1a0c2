"""Asking others who somebody is: a provider of OpenID Connect, an LDAP directory. No database."""
