"""Restoring app-held identities: the nouns of the service."""

import gc

# Start-up makes some ten thousand objects that stay; collecting among them is a tenth of a cold start.
# `restore.startup` switches the collector on again as soon as a handler is wired.
gc.disable()
