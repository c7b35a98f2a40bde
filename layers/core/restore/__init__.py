"""Restoring app-held identities: the nouns of the service."""
