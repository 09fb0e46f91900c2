"""The version of cercle: a customer-360 warehouse on PostgreSQL."""

__version__ = "0.1.0"
