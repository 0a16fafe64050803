#!/usr/bin/env python3
"""make_data.py - the data of a coaching marketplace, as Bubble's Data API would show it.

    make_data.py [--scale 1] [--seed 1] [--out data]

Writes TYPE.jsonl for each type, a thing a line, in order of creation, and what is no part of Bubble:
the passwords that an older login server left of half the users, in passwords.csv as they were typed
or as bcrypt hashes, in passwords_base64.csv in base64. Scale 1 has 6,471 users. The same scale and
seed give the same bytes, everywhere. What is wrong in the data is wrong on purpose: README.md has
the list. Needs nothing but Python 3.
"""
import argparse
import base64
import csv
import datetime
import json
import pathlib

EPOCH = datetime.datetime(1970, 1, 1)
FIRST = 1_609_459_200_000  # 2021-01-01, in ms
MINUTE, DAY = 60_000, 86_400_000
COUNTS = {"user": 6471, "booking": 18_240, "communitypost": 2_150, "communitycomment": 9_320,
          "communityresource": 310}

FIRST_NAMES = ["Ada", "Bo", "Chloé", "Dũng", "Eşref", "Fatima", "Goran", "Hélène", "Jürgen", "Lærke",
               "Mei", "Nuno", "Oyá", "Paweł", "Rósa", "Søren", "Tuğba"]
LAST_NAMES = ["Abel", "Brandt", "Díaz", "Farkaš", "García", "Hoang", "Ito", "Jørgensen", "Lévy",
              "Müller", "Nowak", "O'Neil", "Peña", "Roux"]
CITIES = [("Lisboa, Portugal", 38.722252, -9.139337), ("Kraków, Poland", 50.06465, 19.94498),
          ("São Paulo, Brazil", -23.55052, -46.633308),
          ("Hà Nội, Vietnam", 21.027764, 105.83416), ("Null Island", 0, 0)]
ZONES = ["Europe/Lisbon", "Europe/Warsaw", "America/Sao_Paulo", "Asia/Ho_Chi_Minh", "Europe/Vienna"]
EXPERTISE = ["Relocation", "Career change", "Intercultural teams", "Family & school",
             "Language \"shock\"", "Leadership, remote"]
LANGUAGES = ["English", "Português", "Polski", "Deutsch", "Tiếng Việt"]
COUNTRIES = ["Portugal", "Poland", "Brazil", "Vietnam", "Austria", "Côte d'Ivoire"]
TEXTS = ["First steps in a new country.", "Two lines\nof text, and a \"quote\".",
         "Ünïcödé ✓ 🙂", "A path C:\\temp\\x and a tab\tinside.", "Notes; with, every / separator | there is."]

# bcrypt at cost 10 of the texts in front of them; Python's standard library has none.
BCRYPTED = [
    ("wave-1", "$2b$10$abcdefghijklmnopqrstu.q3e9x3hWhgzUimevoJJ1wY4N0gXO1WS"),
    ("Köln 2019", "$2b$10$bcdefghijklmnopqrstuA.xxY7XwECY3viti7GgG7M4Tdv538Z.3u"),
    ("pa:ss,word", "$2b$10$cdefghijklmnopqrstuAB.5/Y0o9yaaHiU63O8XBXlQ4CK4kPPtfK"),
    ('"quoted"', "$2b$10$defghijklmnopqrstuABC.H6VNQ4ISAxmNw2xRkBJmcecbDG3Gxei"),
    ("tea & milk", "$2b$10$efghijklmnopqrstuABCD.OrmLj5MdYWA4lfqDg2MT.pi8QTfz5I6"),
]


class Dice:
    """Numbers that are the same in every version of Python (splitmix64)."""

    def __init__(self, seed):
        self.state = seed

    def roll(self, n):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return (z ^ (z >> 31)) % n

    def pick(self, items):
        return items[self.roll(len(items))]

    def some(self, items, most):
        """Up to `most` different ones, in the order of the list."""
        wanted = {self.roll(len(items)) for _ in range(self.roll(most + 1))}
        return [items[i] for i in sorted(wanted)]


def iso(ms):
    moment = EPOCH + datetime.timedelta(milliseconds=ms)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


def every(i, n, at=0):
    """The dirt: thing `at` of each `n`."""
    return i % n == at


def tied(i):
    return i >= 400 and i % 400 < 20


class World:
    def __init__(self, scale, seed):
        self.dice = Dice(seed)
        self.counts = {t: max(24, round(n * scale)) for t, n in COUNTS.items()}
        self.things = {}

    # ---- things in general -------------------------------------------------------------------

    def thing(self, type_name, i, created, author=None, **fields):
        """As the API shows it: what is empty is not there."""
        uid = "%dx%018d" % (created, self.dice.roll(10**18))
        thing = {"_id": uid, "Created Date": iso(created),
                 "Modified Date": iso(created + self.dice.roll(30 * DAY)),
                 "Created By": author or "admin_user_marketplace_live"}
        thing.update({k: v for k, v in fields.items() if v not in (None, "", [], {})})
        self.things.setdefault(type_name, []).append(thing)
        return thing

    def moment(self, i, step):
        """Bulk imports gave tens of things one moment."""
        return FIRST + (i - i % 400 if tied(i) else i) * step

    def gone(self, created):
        """The uid of a thing that was deleted."""
        return "%dx%018d" % (created - DAY, self.dice.roll(10**18))

    def name(self):
        return self.dice.pick(FIRST_NAMES), self.dice.pick(LAST_NAMES)

    def file(self, created, name):
        where = ["//s3.amazonaws.com/appforest_uf", "//0a1b2c3d4e5f.cdn.bubble.io"]
        return "%s/f%dx%d/%s" % (self.dice.pick(where), created, self.dice.roll(10**17), name)

    def place(self):
        address, lat, lng = self.dice.pick(CITIES)
        return {"address": address, "lat": lat, "lng": lng}

    # ---- people ------------------------------------------------------------------------------

    def user(self, i):
        d, created = self.dice, self.moment(i, 3 * 60 * MINUTE + 7)
        first, last = self.name()
        users = self.things.get("user", [])
        address = "user%d@mail%d.example.org" % (i, i % 3)
        if every(i, 151, 90) and not tied(i):
            address = "USER%d@mail%d.Example.org" % (i - 2, (i - 2) % 3)
        if every(i, 211, 100):
            address = d.pick(["no-at.example.org", "two@@example.org", "dot@localhost"])
        visitor = every(i, 41, 20)
        role = "Admin" if every(i, 500) else "Coach" if every(i, 6, 2) else "Client"
        if every(i, 53, 31):
            role = d.pick(["client ", "COACH", "Coach\n"]) if role != "Admin" else role
        if every(i, 613, 70):
            role = "Superuser"
        return self.thing(
            "user", i, created,
            **{"authentication": None if visitor else
               {"email": {"email": address, "email_confirmed": True if i % 4 else None}},
               "user_signed_up": not visitor,
               "First Name": first if i % 50 else "  %s " % first, "Last Name": last,
               "Role": None if visitor else role,
               "Phone": None if i % 3 else (41_000_000_000 + i if i % 2 else "0041 %07d" % i),
               "Time Zone": d.pick(ZONES) if i % 5 else None,
               "Profile Picture": self.picture(i, created),
               "Address": self.place() if i % 3 else None,
               "Newsletter": True if i % 2 else (False if i % 3 else None),
               "Referred By": self.referrer(i, users, created),
               "Stripe Customer ": "cus_%014d" % d.roll(10**14) if i % 4 == 0 else None})

    def picture(self, i, created):
        if every(i, 89, 40):
            return "no picture"
        if every(i, 9):
            return "https://images.example.org/u/%d.png" % i
        return self.file(created, "me%20" + "%d.png" % i) if i % 2 else None

    def referrer(self, i, users, created):
        if i < 5 or i % 7:
            return None
        return self.gone(created) if every(i, 49) else self.dice.pick(users)["_id"]

    def quiz(self, i):
        answers = {"goal": self.dice.pick(TEXTS), "moved": bool(i % 2), "score": i % 11 + 0.5,
                   "steps": [1, {"n": None}]}
        # The field was a text before it was an object.
        return json.dumps(answers, ensure_ascii=False) if every(i, 8, 3) else answers

    def client(self, i, user):
        d = self.dice
        low = 20 + d.roll(60)
        return self.thing(
            "clientprofile", i, FIRST + i * 3 * 60 * MINUTE + 61_000 + i, author=user["_id"],
            **{"User": self.gone(FIRST) if every(i, 97, 50) else user["_id"],
               "Quiz Answers": "{broken" if every(i, 181, 60) else self.quiz(i) if i % 6 else None,
               "Goals": d.some(TEXTS, 3), "Preferred Languages": d.some(LANGUAGES, 3),
               "Budget": [low, low + d.roll(100)] if i % 3 else None,
               "Onboarded?": True if i % 2 else None})

    def rate(self, i):
        if every(i, 37, 20):
            return self.dice.pick([0, 24.99, 500.01, 9000])
        if every(i, 67, 30):
            return self.dice.pick(["ask me", "€ 80"])
        rate = [25, 500, 62.5, 120, 75.25][i % 5]
        return str(rate) if every(i, 11) else rate

    def coach(self, i, user):
        d, created = self.dice, FIRST + i * 3 * 60 * MINUTE + 62_000 + i
        return self.thing(
            "coachprofile", i, created, author=user["_id"],
            **{"User": self.gone(FIRST) if every(i, 83, 60) else user["_id"],
               "Headline": "Coach no. %d" % i, "Bio": d.pick(TEXTS) if i % 4 else None,
               "Expertise": d.some(EXPERTISE, 4), "Languages": d.some(LANGUAGES, 4),
               "Countries": d.some(COUNTRIES, 3), "Hourly Rate": self.rate(i),
               "Years of Exp.": d.roll(30) if i % 5 else None,
               "Verified?": True if i % 5 > 2 else None,
               "Intro Video": self.file(created, "intro.mp4") if i % 4 == 0 else None,
               "Location": self.place() if i % 4 else None})

    def people(self):
        for i in range(self.counts["user"]):
            user = self.user(i)
            role = user.get("Role", "").strip().lower()
            if role == "client" and not every(i, 71, 60):
                self.client(i, user)
            elif role == "coach" and not every(i, 59, 50):
                self.coach(i, user)

    # ---- bookings and payments ---------------------------------------------------------------

    def status(self, i):
        if every(i, 43, 20):
            return self.dice.pick(["confirmed ", "CANCELED", "Canceled"])
        if every(i, 347, 30):
            return self.dice.pick(["no-show", "?"])
        return ["Pending", "Confirmed", "Completed", "Cancelled", "Confirmed", "Completed"][i % 6]

    def booking(self, i):
        d, created = self.dice, self.moment(i, 45 * MINUTE + 13)
        bookings = self.things.get("booking", [])
        client = d.pick(self.things["clientprofile"])["_id"]
        coach = d.pick(self.things["coachprofile"])["_id"]
        return self.thing(
            "booking", i, created,
            **{"Client": self.gone(created) if every(i, 127, 60) else client,
               "Coach": None if every(i, 199, 80) else coach,
               "Starts At": iso(created + d.roll(60) * DAY),
               "Duration (min)": d.pick([0, -30]) if every(i, 61, 10) else d.pick([30, 45, 60, 90]),
               "Status": self.status(i), "Price": d.pick([40, 62.5, 99.9, 180]),
               "Notes": d.pick(TEXTS) if i % 5 == 0 else None,
               "Rescheduled From": self.rescheduled(i, bookings, created)})

    def rescheduled(self, i, bookings, created):
        if i < 10 or i % 9:
            return None
        return self.gone(created) if every(i, 81) else self.dice.pick(bookings)["_id"]

    def payment(self, i, booking):
        d = self.dice
        created = FIRST + i * (45 * MINUTE + 13) + 90_000
        clients = self.things["clientprofile"]
        payment = self.thing(
            "payment", i, created,
            **{"Booking": self.gone(created) if every(i, 173, 40) else booking["_id"],
               "Payer": self.gone(created) if every(i, 139, 70) else d.pick(clients).get("User"),
               "Amount": d.pick([-40, 0]) if every(i, 79, 35) else booking["Price"],
               "Currency": d.pick(["EUR", "USD", "eur"]),
               "Status": d.pick(["Succeeded", "Succeeded", "Refunded", "Failed"]),
               "Paid At": iso(created) if i % 8 else None,
               "Stripe ID": "pi_%020d" % d.roll(10**20)})
        booking["Payment"] = payment["_id"]

    def business(self):
        for i in range(self.counts["booking"]):
            booking = self.booking(i)
            paid = booking.get("Status", "").strip().lower() in ("confirmed", "completed")
            if paid and not every(i, 29, 16):
                self.payment(i, booking)
            elif every(i, 233, 90):
                booking["Payment"] = self.gone(FIRST)

    # ---- community ---------------------------------------------------------------------------

    def author(self, i, created):
        if every(i, 45, 30):
            return self.gone(created)
        return self.dice.pick(self.things["user"])["_id"]

    def post(self, i):
        d, created = self.dice, self.moment(i, 9 * 60 * MINUTE + 1)
        likes = [u["_id"] for u in d.some(self.things["user"], 12)]
        if every(i, 15, 4):
            likes.insert(len(likes) // 2, self.gone(created))
        return self.thing(
            "communitypost", i, created,
            **{"Author": self.author(i, created), "Title": "Post no. %d" % i,
               "Body": d.pick(TEXTS) if not every(i, 101, 20) else None,
               "Category": d.pick(["Visa", "Housing", "Off topic"]) if i % 4 else None,
               "Tags": d.some(["visa", "tax, legal", "kids\"", "NULL", ""], 3),
               "Image": self.file(created, "post.jpg") if i % 3 == 0 else None, "Likes": likes})

    def comment(self, i):
        d, created = self.dice, self.moment(i, 2 * 60 * MINUTE + 3)
        comments = self.things.get("communitycomment", [])
        parent = None
        if i > 10 and i % 3 == 0:
            parent = self.gone(created) if every(i, 57) else d.pick(comments)["_id"]
        return self.thing(
            "communitycomment", i, created,
            **{"Post": self.gone(created) if every(i, 67, 20)
               else d.pick(self.things["communitypost"])["_id"],
               "Author": self.author(i, created), "Text": d.pick(TEXTS), "Parent": parent})

    def resource(self, i):
        d, created = self.dice, self.moment(i, 50 * 60 * MINUTE)
        link = self.file(created, "guide.pdf") if i % 2 else "https://example.org/r/%d?x=1#top" % i
        return self.thing(
            "communityresource", i, created,
            **{"Title": "Guide %d" % i, "Kind": d.pick(["Article", "PDF", "Video"]),
               "Link": "ftp://old.example.org/%d" % i if every(i, 23, 20) else link,
               "Uploaded By": self.author(i, created),
               "Downloads": d.roll(5000) if i % 3 else None})

    def community(self):
        for i in range(self.counts["communitypost"]):
            self.post(i)
        for i in range(self.counts["communitycomment"]):
            self.comment(i)
        for i in range(self.counts["communityresource"]):
            self.resource(i)
        comments = self.things["communitycomment"]
        for i, post in enumerate(self.things["communitypost"]):
            if i % 10 == 1:
                post["Pinned Comment"] = (self.gone(FIRST) if every(i, 50, 41)
                                          else self.dice.pick(comments)["_id"])

    # ---- passwords ---------------------------------------------------------------------------

    def password(self, i):
        """(file, password as it stands there)"""
        plain = "Secret-%d-%08d é" % (i, self.dice.roll(10**8))
        if every(i, 118, 58):
            plain = "long " * 20
        if every(i, 166, 82):
            return "passwords_base64", "not base64!"
        if i % 3 == 0:
            return "passwords", plain
        if i % 3 == 1:
            return "passwords_base64", base64.b64encode(plain.encode()).decode()
        return "passwords", BCRYPTED[i % len(BCRYPTED)][1]

    def passwords(self):
        """Rows of each file."""
        files = {"passwords": [], "passwords_base64": []}
        for i, user in enumerate(self.things["user"]):
            if i % 2 == 0:
                name, text = self.password(i)
                files[name].append((user["_id"], text))
                if every(i, 350, 200):
                    files[name].append((user["_id"], "c2Vjb25kIGxpbmU="))
            if every(i, 300, 150):
                files["passwords"].append((self.gone(FIRST), "of a deleted user"))
        return files


def write_things(directory, world):
    for type_name, things in world.things.items():
        things.sort(key=lambda t: (t["Created Date"], t["_id"]))
        with open(directory / (type_name + ".jsonl"), "w", encoding="utf-8", newline="\n") as f:
            for thing in things:
                f.write(json.dumps(thing, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_passwords(path, rows):
    """A file of a system that is older than UTF-8, with what editing by hand leaves."""
    with open(path, "w", encoding="windows-1252", newline="") as f:
        out = csv.writer(f, delimiter=";", lineterminator="\r\n")
        out.writerow(("user", "password"))
        for i, row in enumerate(rows):
            out.writerow(row[:1] if every(i, 45, 44) else row + ("",) if every(i, 45, 31) else row)


def main():
    parser = argparse.ArgumentParser(description="Makes the data of the example.")
    parser.add_argument("--scale", type=float, default=1, help="1: 6,471 users")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("data"))
    options = parser.parse_args()
    world = World(options.scale, options.seed)
    world.people()
    world.business()
    world.community()
    files = world.passwords()
    options.out.mkdir(parents=True, exist_ok=True)
    write_things(options.out, world)
    for name, rows in files.items():
        write_passwords(options.out / (name + ".csv"), rows)
    for type_name, things in sorted(world.things.items()):
        print("%-18s %6d" % (type_name, len(things)))
    for name, rows in files.items():
        print("%-18s %6d" % (name, len(rows)))


if __name__ == "__main__":
    main()
