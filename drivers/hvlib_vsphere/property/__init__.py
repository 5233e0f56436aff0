"""The property collector, for those who know their server: read, search and watch any object of the inventory.

The documentation's page on the property collector has examples.
"""

from hvlib_vsphere.data_objects import Fault, MoRef, Row
from hvlib_vsphere.property.collector import Collector, Filter
from hvlib_vsphere.property.match import Match
from hvlib_vsphere.property.search import SearchIndex
from hvlib_vsphere.property.service import PropertyService
from hvlib_vsphere.property.spec import FilterSpec, ObjectSpec, PropertySpec, Traversal
from hvlib_vsphere.property.updates import FilterUpdate, ObjectUpdate, WaitOptions
from hvlib_vsphere.property.views import ContainerView
from hvlib_vsphere.property.wait_filter import WaitFilter
from hvlib_vsphere.values import escape_name, unescape_name

__all__ = [
    "Collector",
    "ContainerView",
    "Fault",
    "Filter",
    "FilterSpec",
    "FilterUpdate",
    "Match",
    "MoRef",
    "ObjectSpec",
    "ObjectUpdate",
    "PropertyService",
    "PropertySpec",
    "Row",
    "SearchIndex",
    "Traversal",
    "WaitFilter",
    "WaitOptions",
    "escape_name",
    "unescape_name",
]
