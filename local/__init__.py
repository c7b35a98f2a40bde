"""The same template on this machine: `python -m local serve` keeps it up, `python -m local demo` plays its story."""
