"""Published cases and recordings of many people, judged and counted."""
