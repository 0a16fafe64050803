"""bubble_store.py - the things that the server gives out, and how they are searched.

Knows Bubble's rules of searching (constraints, order, missing fields) and nothing of HTTP.
A thing is a dict as the Data API shows it: "_id", "Created Date", fields that are not empty.
"""
import bisect
import datetime
import json
import pathlib
import random
import threading

CREATED, ID = "Created Date", "_id"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
FIRST_CREATED = 1_609_459_200_000  # of things that are made up: 2021-01-01


class BadRequest(Exception):
    """A search that the API refuses: (status, word, message)."""


def iso(ms):
    moment = EPOCH + datetime.timedelta(milliseconds=ms)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


def millis(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - EPOCH) // datetime.timedelta(milliseconds=1)


def type_name(name):
    return name.lower().replace(" ", "")


def make_things(count, tied):
    """`count` things, one a second; always `tied` of them share one moment. The same each time."""
    things = []
    for i in range(count):
        ms = FIRST_CREATED + i // tied * 1000
        thing = {ID: "%dx%018d" % (ms, (i * 7919 + 104729) % 10**18), CREATED: iso(ms),
                 "Modified Date": iso(ms + 500), "Name": "Thing %d" % i, "Number": i}
        if i % 2:
            thing["Active"] = True
        if i % 3:
            thing["Note"] = 'A "note", no. %d\n' % i
        if i % 5 == 0:
            thing["Tags"] = ["even" if i % 2 == 0 else "odd", "no. %d" % i]
        if i % 7 == 0:
            thing["Place"] = {"address": "%d Long Street" % i, "lat": i / 10, "lng": -i / 10}
        if i % 11 == 0:
            thing["Photo"] = "//s3.amazonaws.com/appforest_uf/f%dx%d/a%%20b.png" % (ms, i)
        if i:
            thing["Parent"] = things[i // 2][ID]
        things.append(thing)
    return things


class Type:
    """The things of one type in order of creation."""

    def __init__(self, things):
        self.things = sorted(things, key=lambda t: (t[CREATED], t[ID]))
        self.keys = [t[CREATED] for t in self.things]

    def window(self, constraints):
        """The bounds that constraints on the creation date leave, and the other constraints."""
        low, high, rest = 0, len(self.things), []
        for c in constraints:
            if c["key"] == CREATED and c["constraint_type"] == "greater than":
                low = max(low, bisect.bisect_right(self.keys, c["value"]))
            elif c["key"] == CREATED and c["constraint_type"] == "less than":
                high = min(high, bisect.bisect_left(self.keys, c["value"]))
            else:
                rest.append(c)
        return low, max(low, high), rest

    def add(self, thing):
        at = bisect.bisect_right(self.keys, thing[CREATED])
        self.things.insert(at, thing)
        self.keys.insert(at, thing[CREATED])

    def remove(self, at):
        del self.things[at], self.keys[at]


def is_empty(value):
    return value is None or value == "" or value == []


def holds(thing, constraint):
    key, kind = constraint["key"], constraint["constraint_type"]
    value, wanted = thing.get(key), constraint.get("value")
    tests = {
        "equals": lambda: value == wanted,
        "not equal": lambda: value != wanted,
        "is_empty": lambda: is_empty(value),
        "is_not_empty": lambda: not is_empty(value),
        "empty": lambda: is_empty(value),
        "not empty": lambda: not is_empty(value),
        "in": lambda: value in wanted,
        "not in": lambda: value not in wanted,
        "contains": lambda: wanted in (value or []),
        "not contains": lambda: wanted not in (value or []),
        "greater than": lambda: value is not None and value > wanted,
        "less than": lambda: value is not None and value < wanted,
        "text contains": lambda: set(str(wanted).lower().split())
        <= set(str(value or "").lower().split()),
        "not text contains": lambda: not set(str(wanted).lower().split())
        <= set(str(value or "").lower().split()),
    }
    if kind not in tests:
        raise BadRequest(404, "NOT_FOUND",
                         "Constraint type not found %s for field %s" % (kind, key))
    return tests[kind]()


def sort_key(thing, field):
    """Empty ones first; values of different kinds do not meet an error."""
    value = thing.get(field)
    return (value is not None, isinstance(value, str), value if value is not None else 0)


class Store:
    def __init__(self):
        self.types = {}
        self.lock = threading.RLock()

    def load(self, directory):
        for path in sorted(pathlib.Path(directory).glob("*.jsonl")):
            with open(path, encoding="utf-8") as lines:
                self.put(path.stem, [json.loads(line) for line in lines if line.strip()])

    def put(self, name, things):
        self.types[type_name(name)] = Type(things)

    def search(self, name, query, shuffle_seed):
        """All things that the query means, as (length, function giving a slice).

        Among equal sort keys no order is promised: they are shuffled by `shuffle_seed`, unless
        it is None.
        """
        found = self.types[name]
        low, high, rest = found.window(query["constraints"])
        orders = query["orders"]
        if rest or orders[0] != (CREATED, False):
            things = [t for t in found.things[low:high] if all(holds(t, c) for c in rest)]
            for field, descending in reversed(orders):
                things.sort(key=lambda t, f=field: sort_key(t, f), reverse=descending)
            return len(things), lambda a, b: things[a:b]
        total = orders[1:] == [(ID, False)]
        seed = None if total and shuffle_seed != "always" else shuffle_seed

        def cut(a, b):
            a, b = min(low + a, high), min(low + b, high)
            if seed is None:
                return found.things[a:b]
            return shuffled_ties(found, a, b, (low, high), random.random())

        return high - low, cut


def shuffled_ties(found, a, b, bounds, seed):
    """things[a:b] as if those with one creation date stood in another order each time."""
    if a >= b:
        return []
    first = max(bounds[0], bisect.bisect_left(found.keys, found.keys[a]))
    last = min(bounds[1], bisect.bisect_right(found.keys, found.keys[b - 1]))
    rng = random.Random(seed)
    things = found.things[first:last]
    order = sorted(range(len(things)), key=lambda i: (things[i][CREATED], rng.random()))
    return [things[i] for i in order][a - first:b - first]
