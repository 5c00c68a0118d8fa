"""What a session says of a person has one column each, and the names that people write."""

from detectors.context import FLAG_NAMES, N_FLAGS, ContextFlag


def test_every_flag_has_a_column_and_a_name() -> None:
    assert FLAG_NAMES == ("first-dose", "beta-blocker", "ace-inhibitor", "monoclonal", "iron")
    assert [int(flag) for flag in ContextFlag] == list(range(N_FLAGS))
