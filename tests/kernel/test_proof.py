"""Proof of orders: whose they are, for whom, and that each is carried out once."""

from helpers import Dice
from pairs import SITE, crypto

from mp_actors.frame import MAC_BYTES
from mp_actors.keyring import Keys
from mp_actors.proof import NEEDS_PROOF, WINDOW, Proof

CONTROLLER, DEVICE, OTHER = 1, 2, 3
MACS = {number: crypto.sha256(b"%d" % number) for number in (CONTROLLER, DEVICE, OTHER)}
BODY = b"\xa1btofa/b/node"


def keys_dict(number):
    """A device's keys, as far as orders go; the controller's can prove."""
    control = {"from": CONTROLLER, "mac": MACS[number].hex(), "modulus": "00"}
    data = {"site": SITE.hex(), "number": number, "path": "a/b", "epoch": 1, "private": None}
    data.update({"neighbours": {}, "control": control})
    if number == CONTROLLER:
        data["macs"] = {str(one): MACS[one].hex() for one in MACS}
    return data


def proof_of(number, term=0):
    """One device's end."""
    return Proof(crypto, Keys(keys_dict(number)), term)


def fresh(proof, term, count):
    """Whether an order of that term and counter is taken."""
    return proof.is_fresh({"term": term, "count": count})


def test_what_the_controller_says_to_a_device_holds_there():
    mac = proof_of(CONTROLLER).mac(CONTROLLER, DEVICE, BODY)
    assert len(mac) == MAC_BYTES
    assert proof_of(DEVICE).holds(CONTROLLER, BODY, mac)


def test_it_holds_for_no_other_device_sender_or_body():
    mac = proof_of(CONTROLLER).mac(CONTROLLER, DEVICE, BODY)
    assert not proof_of(OTHER).holds(CONTROLLER, BODY, mac)
    assert not proof_of(DEVICE).holds(OTHER, BODY, mac)
    for bit in range(8 * len(BODY)):
        wrong = bytearray(BODY)
        wrong[bit // 8] ^= 1 << bit % 8
        assert not proof_of(DEVICE).holds(CONTROLLER, bytes(wrong), mac)
    for bit in range(8 * MAC_BYTES):
        wrong = bytearray(mac)
        wrong[bit // 8] ^= 1 << bit % 8
        assert not proof_of(DEVICE).holds(CONTROLLER, BODY, bytes(wrong))
    for size in range(MAC_BYTES):
        assert not proof_of(DEVICE).holds(CONTROLLER, BODY, mac[:size])
    assert not proof_of(DEVICE).holds(CONTROLLER, BODY, mac + b"\0")


def test_a_device_that_shares_a_key_with_the_controller_proves_nothing_to_another():
    liar = Proof(crypto, Keys(keys_dict(OTHER)), 0)
    assert not liar.can_prove(DEVICE)
    stolen = liar._mac(MACS[OTHER], CONTROLLER, BODY)
    assert not proof_of(DEVICE).holds(CONTROLLER, BODY, stolen)


def test_only_the_controller_s_device_can_prove_and_only_to_devices_of_the_site():
    assert proof_of(CONTROLLER).can_prove(DEVICE)
    assert not proof_of(CONTROLLER).can_prove(99)
    assert not proof_of(CONTROLLER).can_prove(0)
    assert not proof_of(DEVICE).can_prove(OTHER)


def test_nothing_holds_where_no_key_is_shared_with_the_controller():
    data = keys_dict(DEVICE)
    data["control"]["mac"] = None
    proof = Proof(crypto, Keys(data), 0)
    mac = proof_of(CONTROLLER).mac(CONTROLLER, DEVICE, BODY)
    assert not proof.holds(CONTROLLER, BODY, mac)
    assert not proof.holds(CONTROLLER, BODY, b"")


def test_each_order_has_a_counter_of_its_own():
    proof, bodies = proof_of(CONTROLLER, term=9), [{} for _ in range(3)]
    for body in bodies:
        proof.number(body, DEVICE)
    assert [(body["term"], body["count"]) for body in bodies] == [(9, 1), (9, 2), (9, 3)]


def test_a_counter_is_taken_once():
    proof = proof_of(DEVICE)
    assert fresh(proof, 1, 1)
    assert not fresh(proof, 1, 1)
    assert fresh(proof, 1, 3)
    assert fresh(proof, 1, 2)
    assert not fresh(proof, 1, 2)
    assert not fresh(proof, 1, 3)


def test_orders_may_overtake_each_other_within_the_window_and_not_beyond():
    proof = proof_of(DEVICE)
    assert fresh(proof, 1, 1000)
    assert not fresh(proof, 1, 1000 - WINDOW)
    for count in range(1000 - WINDOW + 1, 1000):
        assert fresh(proof, 1, count)
        assert not fresh(proof, 1, count)


def test_a_higher_term_ends_the_lower_one_for_good():
    proof = proof_of(DEVICE)
    assert fresh(proof, 5, 900)
    assert fresh(proof, 6, 1)
    assert not fresh(proof, 5, 901)
    assert not fresh(proof, 6, 1)
    assert fresh(proof, 6, 2)


def test_what_has_no_numbers_is_not_fresh():
    proof = proof_of(DEVICE)
    assert not proof.is_fresh({})
    for term, count in ((1, None), (None, 1), ("1", 1), (1, 1.0), (True, 1)):
        assert not fresh(proof, term, count)
    assert fresh(proof, 1, 1)


def test_in_any_order_each_counter_of_each_term_is_taken_once_at_most():
    for seed in range(20):
        dice, proof, taken, highest = Dice(seed), proof_of(DEVICE), [], (0, 0)
        for _ in range(300):
            highest_count = highest[1]
            order = (highest[0] + dice.below(8) // 7, highest_count + dice.below(140) - 80)
            if fresh(proof, order[0], order[1]):
                assert order not in taken, (seed, order)
                assert order > (highest[0], highest_count - WINDOW)
                taken.append(order)
                highest = max(highest, order)
        assert taken


def test_who_commands_devices_routes_and_the_site_needs_proof():
    assert sorted(NEEDS_PROOF) == ["controller", "node", "router"]
