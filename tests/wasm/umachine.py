"""What a virtual board's `machine` takes of the built-in one, which the WebAssembly port lacks."""


class PinBase:
    """A pin, for a C module that asks what it is."""
