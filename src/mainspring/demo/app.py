"""The demo's app, as `mainspring dev --demo` serves it: importing its rooms defines its jobs."""

from mainspring.demo import money, orders, reports, research, stock
from mainspring.demo.client import client

__all__ = ["client", "money", "orders", "reports", "research", "stock"]
