"""What people see at the end: the screen of a run, and the page of one customer."""

from __future__ import annotations

from cercle.report.customer import CustomerPage, read_customer, render_customer
from cercle.report.figures import Figures, read_figures
from cercle.report.screen import show

__all__ = ["CustomerPage", "Figures", "read_customer", "read_figures", "render_customer", "show"]
