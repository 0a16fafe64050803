"""bubble_faults.py - how the server can misbehave: each a switch, NAME or NAME:ARGUMENT.

Shares are percent of the list requests; which ones is drawn from the seed and the number of the
request, so that a run can be repeated. Nothing here writes to a socket.
"""
import random
import threading
import time

FAULTS = {
    "rate": "N[:none|seconds|date]  more than N requests within a second get 429, with the time to "
    "wait in Retry-After, or without",
    "errors": "P      P % of the requests get 500, 502 (as HTML) or 503",
    "dies": "N        behind N lists all get 503",
    "refuses": "STATUS[:S]  lists get that status, with S in Retry-After",
    "deaf": "TEXT     lists whose address holds that get 503",
    "reset": "P       the connection is reset before an answer",
    "cut": "P         the body ends before its announced length",
    "halved": "P      the body is cut and announced as that long",
    "html": "P        200 with a page of HTML",
    "junk": "P        200 with JSON that is no list of things",
    "slow": "S        each list takes S seconds",
    "heavy": "N:S     a list with a limit over N takes S seconds",
    "bomb": "N        a gzip body of N megabytes of blanks",
    "endless": "      a body that never ends",
    "redirect": "URL  302 to there",
    "short": "P       fewer things than the limit, though more remain",
    "empty": "P       no things, though more remain",
    "twice": "P       a thing stands twice in a page",
    "no-remaining": " the total is not told",
    "grows": "        `remaining` is one more with each request",
    "delete-each": "K  with each K-th list the oldest thing of the type vanishes",
    "create-each": "K  with each K-th list a new thing is made",
    "change-each": "K  with each K-th list a thing gets another name",
    "rename": "OLD=NEW  a field has another name",
    "ceiling": "N     the first N things of a search can be reached; 50000 otherwise",
    "ties": "         equal creation dates have no order, also where one by _id is asked for",
    "names": "ids     keys are field ids (note_text) instead of display names",
}


class Faults:
    def __init__(self, texts, seed):
        self.by_name = {}
        self.seed = seed
        self.lock = threading.Lock()
        self.second, self.in_second = 0, 0
        for text in texts:
            self.set(text)

    def set(self, text):
        """NAME:ARGUMENT; an argument "off" takes it back."""
        name, _, argument = text.partition(":")
        if name not in FAULTS:
            raise ValueError("no fault is named \"%s\"; there are: %s" % (name, ", ".join(FAULTS)))
        if argument == "off":
            self.by_name.pop(name, None)
        else:
            self.by_name[name] = argument

    def has(self, name):
        return name in self.by_name

    def text(self, name):
        return self.by_name.get(name, "")

    def number(self, name, default=0.0):
        return float(self.by_name[name].partition(":")[0]) if self.has(name) else default

    def second_part(self, name):
        return self.by_name.get(name, "").partition(":")[2]

    def drawn(self, name, request):
        """Does the share of this fault hit the request with this number?"""
        if not self.has(name):
            return False
        return random.Random("%s %s %d" % (self.seed, name, request)).random() < \
            self.number(name) / 100

    def pick(self, name, request, choices):
        return random.Random("%s %s? %d" % (self.seed, name, request)).choice(choices)

    def over_rate(self):
        """0, or the seconds until the next request is taken."""
        if not self.has("rate"):
            return 0
        with self.lock:
            now = time.time()
            if int(now) != self.second:
                self.second, self.in_second = int(now), 0
            self.in_second += 1
            return 1 if self.in_second > self.number("rate") else 0
