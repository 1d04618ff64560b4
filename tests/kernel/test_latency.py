"""The histogram of ages: values within 3 %, percentiles by rank, never too many buckets."""

from mp_actors.latency import Latency


def one(age_us):
    latency = Latency()
    latency.add(age_us)
    return latency.percentile_us(50)


def test_ages_below_32_us_are_exact():
    for age_us in range(32):
        assert one(age_us) == age_us


def test_every_age_comes_back_within_3_percent():
    age_us = 32
    while age_us < 1 << 50:
        for near_us in (age_us - 1, age_us, age_us + 1):
            assert abs(one(near_us) - near_us) <= 0.03 * near_us + 1, near_us
        age_us = age_us * 9 // 8


def test_an_older_reading_never_looks_younger():
    last_us = 0
    for age_us in range(5000):
        assert one(age_us) >= last_us
        last_us = one(age_us)


def test_percentiles_are_taken_by_rank():
    latency = Latency()
    for age_us in range(1, 31):
        latency.add(age_us)
    assert latency.percentile_us(50) == 15
    assert latency.percentile_us(90) == 27
    assert latency.percentile_us(100) == 30
    assert sum(latency.counts.values()) == 30


def test_one_slow_reading_of_a_hundred_shows_at_100_and_not_at_50():
    latency = Latency()
    for _ in range(99):
        latency.add(10)
    latency.add(1000000)
    assert latency.percentile_us(50) == latency.percentile_us(99) == 10
    assert abs(latency.percentile_us(100) - 1000000) <= 30000


def test_a_percentile_tells_readings_that_are_one_in_a_thousand_apart():
    latency = Latency()
    for age_us, readings in ((10, 499), (20, 501)):
        for _ in range(readings):
            latency.add(age_us)
    assert latency.percentile_us(50) == 20 and latency.percentile_us(49.9) == 10


def test_without_a_reading_there_is_no_percentile():
    assert Latency().percentile_us(50) is None


def test_an_age_before_0_counts_as_0():
    assert one(-5000) == 0


def test_a_long_run_takes_few_buckets():
    latency = Latency(512)
    for age_us in range(0, 100000, 7):
        latency.add(age_us)
    assert len(latency.counts) < 250
    assert latency.shift == 0


def test_ages_of_all_sizes_take_no_more_buckets_than_there_may_be():
    latency, added, age_us = Latency(48), 0, 1
    while age_us < 1 << 40:
        for near_us in (age_us, age_us + age_us // 3, age_us + age_us // 2):
            latency.add(near_us)
            added += 1
            assert len(latency.counts) <= 48
            assert sum(latency.counts.values()) == added
        age_us *= 2


def test_wider_buckets_still_tell_ages_apart():
    for octaves, within in ((2, 0.03), (4, 0.06), (10, 0.13)):
        latency, age_us = Latency(48), 1000
        while age_us < 1000 << octaves:
            latency.add(age_us)
            age_us = age_us * 33 // 32
        middle_us, last_us = 1000 << octaves // 2, 1000 << octaves
        for percent, expected_us in ((0, 1000), (50, middle_us), (100, last_us)):
            found_us = latency.percentile_us(percent)
            assert abs(found_us - expected_us) <= within * expected_us, (octaves, found_us)
