"""What the virtual boards of the alarm measure: stale air, somebody at button and dial."""

parts = {0: "button", 15: "dht11", 25: "encoder a", 26: "encoder b"}
temperature = 22
humidity = 45
distance = 120


def co2(_board, time_s):
    """More and more of it; twice a minute a window is opened."""
    return 1100 + 400 * (time_s % 30) / 30


def turned(_board, time_s):
    """One alarm further each 5 s, for which a hand takes half a second: contacts miss a leap."""
    detents, into_s = divmod(time_s, 5)
    return detents + min(1, into_s / 0.5)


def pressed(_board, time_s, pin):
    """For a quarter of a second of each half."""
    return pin == 0 and time_s % 0.5 < 0.25
