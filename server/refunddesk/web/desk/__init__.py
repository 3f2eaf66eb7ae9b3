"""The desk of the staff: sign-in, status, orders, cases, requests, refunds, checks of plugins."""

from __future__ import annotations

from refunddesk.web.desk import case_work as case_work
from refunddesk.web.desk import cases as cases
from refunddesk.web.desk import credentials as credentials
from refunddesk.web.desk import customers as customers
from refunddesk.web.desk import deciding as deciding
from refunddesk.web.desk import mails as mails
from refunddesk.web.desk import orders as orders
from refunddesk.web.desk import pages as pages
from refunddesk.web.desk import payments as payments
from refunddesk.web.desk import plugins as plugins
from refunddesk.web.desk import signing_in as signing_in
from refunddesk.web.desk import stores as stores
from refunddesk.web.desk.blueprint import desk_pages as desk_pages
