"""The same functions on C libraries: what a host uses in place of a kernel module, chosen at start.

Nothing here has behaviour of its own; where a C library and the kernel differ, the kernel is right.
"""
