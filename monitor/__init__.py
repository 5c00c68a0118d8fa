"""The life of an infusion: messages, sessions, alerts, mitigation, and the shells around them."""
