"""The four pipelines, in the order in which they run.

What sells comes first, and stock is pushed before orders are booked, because KORONA may book late.
"""

from korsync.pipelines.orders import Orders
from korsync.pipelines.products import Products
from korsync.pipelines.refunds import Refunds
from korsync.pipelines.stock import Stock

PIPELINES = (Stock, Orders, Refunds, Products)
