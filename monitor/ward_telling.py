"""A simulated ward told to the broker of a site: its devices come in as the site says."""

import functools

from monitor.adapters.access import Access
from monitor.adapters.connection import introduce
from simulators.links import DeviceAccess


def device_access(access: Access) -> DeviceAccess:
    """Return how simulated devices reach a broker: each on its own, all with the same secrets.

    Raises
    ------
    LinkError
        If a file of a protected link is missing or is no certificate or key.
    """
    return DeviceAccess(
        host=access.host,
        port=access.port,
        introduce=functools.partial(introduce, access=access, context=access.tls_context()),
    )
