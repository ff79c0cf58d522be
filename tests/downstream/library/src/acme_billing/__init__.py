"""What Acme's services share for billing: events, and what to know of them."""

from __future__ import annotations

from decimal import Decimal

from acme_billing.events.com.acme.billing import InvoiceIssued, InvoiceItem

__all__ = ["InvoiceIssued", "InvoiceItem", "total"]


def total(invoice: InvoiceIssued) -> Decimal:
    """What a customer owes."""
    return sum((item.amount for item in invoice.items), Decimal())
