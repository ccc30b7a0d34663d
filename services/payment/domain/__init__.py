"""Invoices and attempts. Pure."""
