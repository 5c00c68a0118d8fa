"""Filters: what a monitor subscribes to at the broker."""

from paho.mqtt.subscribeoptions import SubscribeOptions

from monitor.wire.topics import (
    NOBODY,
    lease_topic,
    monitor_status_topic,
    proof_topic,
    standbys_filter,
    subscriptions,
    topic,
)


def filters(unit: str, *, wants_retained: bool) -> list[tuple[str, SubscribeOptions]]:
    """Return the devices of a unit, our own retained announcements, and the proof of our alarms.

    With 1 for ``retainHandling`` the broker repeats retained messages only for a subscription
    that it did not know. Our own are always wanted, so that what is no longer true can be
    cleared; ``noLocal`` keeps away what we publish from now on, but not what another monitor of
    the unit does. The proof must come back to us, and so must leases.
    """
    devices = SubscribeOptions(qos=1, retainHandling=0 if wants_retained else 1)
    ours = SubscribeOptions(qos=0, noLocal=True)
    proof = SubscribeOptions(qos=1, retainHandling=2)
    # What decides who speaks may not wait behind a full window, and our own must come back.
    talk = SubscribeOptions(qos=0)
    own_kinds = ("alert/+", "advice", "state", "call", "answer", "measure")
    own = [topic(unit, "+", NOBODY, kind) for kind in own_kinds] + [monitor_status_topic(unit)]
    return [
        *((name, talk) for name in (lease_topic(unit), standbys_filter(unit))),
        *((name, devices) for name in subscriptions(unit)),
        *((name, ours) for name in own),
        (proof_topic(unit), proof),
    ]
