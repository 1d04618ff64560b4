"""Links: move bytes between two nodes, nothing else. One file per medium.

A link has `write(data) -> bytes taken` (0 when full; raises OSError when broken), `close()` and
`name`, for messages to people.
"""
