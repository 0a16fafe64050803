#!/usr/bin/env python3
"""server.py - a local server that answers as Bubble's Data API does, for demo and tests.

    server.py --data DIR                 things of DIR/TYPE.jsonl, one a line
    server.py --things post=120000/10    made up ones, always 10 of one moment
    server.py --fault rate:20:seconds --fault errors:5 ...

It keeps the rules of the API: a limit over 100 is cut, 50,000 things of a search can be reached and
behind them an empty page comes with 200 and `remaining` over 0, among equal sort keys there is no
order, empty fields are absent, without a key there are fewer things and fields and no error, a bad
constraint is 404. Beyond that it misbehaves as it is told by --fault.

Prints "listening on URL"; writes an access log without the key, which is taken from BUBBLE_API_KEY.
POST /control changes faults and things while it runs: {"faults": ["slow:1", "errors:off"],
"delete": {"post": 3}, "create": {"post": 1}}. Needs nothing but Python 3.
"""
import argparse
import email.utils
import gzip
import http.server
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

from bubble_faults import FAULTS, Faults
from bubble_store import CREATED, ID, BadRequest, Store, iso, make_things, millis, type_name

MOST = 100         # things in a page, whatever limit is asked for
CEILING = 50_000   # things of a search that can be reached
VISIBLE = (ID, CREATED, "Modified Date", "Name")  # of a thing, to those without a key


def parse_query(text):
    """The parameters of a list request, as the API understands them."""
    given = {k: v[-1] for k, v in urllib.parse.parse_qs(text, keep_blank_values=True).items()}
    try:
        limit, cursor = int(given.get("limit", MOST)), int(given.get("cursor", 0))
        constraints = json.loads(given.get("constraints", "[]"))
        more = json.loads(given.get("additional_sort_fields", "[]"))
        orders = [(given.get("sort_field", CREATED), given.get("descending", "false") == "true")]
        orders += [(m["sort_field"], m.get("descending", False) in (True, "true")) for m in more]
        for c in constraints:
            c["key"], c["constraint_type"]  # pylint: disable=pointless-statement
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRequest(400, "ERROR", "Unparseable parameter: %s" % type(error).__name__) from None
    return {"limit": MOST if limit == 0 else min(limit, MOST), "cursor": max(cursor, 0),
            "constraints": constraints, "orders": orders,
            "no_total": given.get("exclude_remaining") == "true"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "bubble-like", ""
    disable_nagle_algorithm = True

    # ---- answers ---------------------------------------------------------------------------

    def log_message(self, format, *args):  # the access log is kept by `answer`
        pass

    def note(self, status, things):
        self.server.note("%s %d %d %s" % (self.command, status, things, self.path))

    def answer(self, status, body, kind="application/json", headers=(), things=0, announced=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.note(status, things)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        zipped = len(data) > 1000 and "gzip" in self.headers.get("Accept-Encoding", "")
        if zipped and announced is None:
            data = gzip.compress(data, 1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(announced or len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        if announced:
            self.close_connection = True

    def fault_body(self, status, word, message):
        self.answer(status, {"statusCode": status, "body": {"status": word, "message": message}})

    def html(self, status):
        self.answer(status, b"<html><head><title>Bad gateway</title></head></html>", "text/html")

    def reset(self):
        self.note(0, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def endless(self, data):
        """A body without an end, in chunks, as long as somebody reads."""
        self.note(200, 0)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        piece = b" " * 65536
        data = data[:data.index(b"[") + 1]
        try:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            while True:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        except OSError:
            self.close_connection = True

    # ---- requests --------------------------------------------------------------------------

    def do_GET(self):  # pylint: disable=invalid-name
        try:
            self.get()
        except BadRequest as error:
            self.fault_body(*error.args)
        except OSError:
            self.close_connection = True

    def do_POST(self):  # pylint: disable=invalid-name
        if self.path != "/control":
            self.fault_body(405, "ERROR", "Method not allowed")
            return
        order = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        for text in order.get("faults", []):
            self.server.faults.set(text)
        for name, count in order.get("delete", {}).items():
            for _ in range(count):
                self.server.delete_oldest(name)
        for name, count in order.get("create", {}).items():
            for _ in range(count):
                self.server.create(name)
        self.answer(200, {"types": {n: len(t.things) for n, t in self.server.store.types.items()}})

    def get(self):
        path, _, query = self.path.partition("?")
        parts = [urllib.parse.unquote(p) for p in path.strip("/").split("/")]
        version = "live" if parts[0] == "api" else parts.pop(0)
        if parts[:2] != ["api", "1.1"] or version not in self.server.versions:
            self.html(404)
            return
        if self.server.faults.has("redirect"):
            to = self.server.faults.text("redirect")
            self.answer(302, b"", headers=[("Location", to)])
            return
        given = self.headers.get("Authorization")
        if given and given != "Bearer " + self.server.key:
            self.answer(401, {"error_class": "Unauthorized", "args": {"code": 401},
                              "message": None, "translation": None})
            return
        if parts[2:] == ["meta"]:
            self.meta()
        elif len(parts) == 4 and parts[2] == "obj":
            self.list(parts[3], query, bool(given))
        elif len(parts) == 5 and parts[2] == "obj":
            self.one(parts[3], parts[4])
        else:
            self.fault_body(404, "NOT_FOUND", "Not found")

    def meta(self):
        types = {}
        for name, found in self.server.store.types.items():
            keys = sorted({k for t in found.things[:1000] for k in t})
            types[name] = {"display": name, "fields": [
                {"id": k, "display": k, "type": "text"} for k in keys]}
        self.answer(200, {"get": sorted(types), "post": [], "types": types})

    def find(self, name):
        if name not in self.server.store.types:
            raise BadRequest(404, "NOT_FOUND", "Type not found %s" % name)
        return self.server.store.types[name]

    def one(self, name, uid):
        for thing in self.find(name).things:
            if thing[ID] == uid:
                self.answer(200, {"response": self.server.shown(thing, True)}, things=1)
                return
        raise BadRequest(404, "MISSING_DATA", "Missing object of type %s: object with id %s does "
                         "not exist" % (name, uid))

    def list(self, name, query, has_key):
        server, faults = self.server, self.server.faults
        number = server.count()
        if self.refused(number):
            return
        asked = parse_query(query)
        self.find(name)
        server.flights.begin(name)
        if faults.has("slow"):
            time.sleep(faults.number("slow"))
        if faults.has("heavy") and asked["limit"] > faults.number("heavy"):
            time.sleep(float(faults.second_part("heavy")))
        server.flights.end(name)
        with server.store.lock:
            things, rest = server.page(name, asked, number)
            if faults.has("delete-each") and number % faults.number("delete-each") == 0:
                server.delete_oldest(name)
            if faults.has("create-each") and number % faults.number("create-each") == 0:
                server.create(name)
            if faults.has("change-each") and number % faults.number("change-each") == 0:
                server.change(name, number)
        if not has_key:
            things = things[::2]
        body = {"cursor": asked["cursor"],
                "results": [server.shown(t, has_key) for t in things], "count": len(things),
                "remaining": rest}
        if faults.has("no-remaining") or asked["no_total"]:
            del body["remaining"]
        self.send_page(number, json.dumps({"response": body}).encode(), len(things))

    def refused(self, number):
        """Answers that need no search."""
        faults = self.server.faults
        wait = faults.over_rate()
        if wait:
            kind = faults.second_part("rate")
            headers = {"seconds": [("Retry-After", str(wait))],
                       "date": [("Retry-After", email.utils.formatdate(time.time() + 1, usegmt=True))]}
            self.answer(429, {"statusCode": 429, "body": {"status": "ERROR", "message": "Too many "
                        "requests"}}, headers=headers.get(kind, []))
        elif faults.has("refuses"):
            after = faults.second_part("refuses")
            self.answer(int(faults.number("refuses")), {"statusCode": 0, "body": {
                "status": "ERROR", "message": "Not now"}}, headers=[("Retry-After", after)] if after else [])
        elif faults.drawn("reset", number):
            self.reset()
        elif faults.drawn("errors", number):
            status = faults.pick("errors", number, [500, 502, 503])
            if status == 502:
                self.html(status)
            else:
                self.fault_body(status, "ERROR", "Something went wrong")
        elif (faults.has("dies") and number > faults.number("dies")) or \
                (faults.has("deaf") and faults.text("deaf") in self.path):
            self.fault_body(503, "ERROR", "Service unavailable")
        elif faults.drawn("html", number):
            self.html(200)
        elif faults.drawn("junk", number):
            self.answer(200, {"response": {"results": "none"}})
        else:
            return False
        return True

    def send_page(self, number, data, things):
        faults = self.server.faults
        if faults.has("endless"):
            self.endless(data)
        elif faults.has("bomb"):
            packed = gzip.compress(data[:-1] + b" " * int(faults.number("bomb") * 1e6) + b"}", 9)
            self.answer(200, packed, headers=[("Content-Encoding", "gzip")], announced=len(packed))
        elif faults.drawn("cut", number):
            self.answer(200, data[:len(data) // 2], announced=len(data), things=things)
        elif faults.drawn("halved", number):
            self.answer(200, data[:len(data) // 2], things=things)
        else:
            self.answer(200, data, things=things)


class Flights:
    """The list requests under way, noted whenever one comes: how many, and of which types."""

    def __init__(self, path):
        self.lock, self.types = threading.Lock(), []
        self.file = open(path, "a", encoding="utf-8") if path else None

    def begin(self, name):
        with self.lock:
            self.types.append(name)
            if self.file:
                self.file.write("%d %s\n" % (len(self.types), " ".join(sorted(set(self.types)))))
                self.file.flush()

    def end(self, name):
        with self.lock:
            self.types.remove(name)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, options, store):
        super().__init__((options.host, options.port), Handler)
        self.store, self.faults = store, Faults(options.fault, options.seed)
        self.key = os.environ.get("BUBBLE_API_KEY", "")
        self.versions = ("live", "version-test")
        self.lock = threading.Lock()
        self.lists = 0
        self.flights = Flights(options.flights)
        self.log = open(options.log, "a", encoding="utf-8") if options.log else None
        if options.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*options.tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request, client_address):
        """A client that went away is no error of the server."""

    def note(self, line):
        with self.lock:
            if self.log:
                self.log.write("%.3f %s\n" % (time.time(), line))
                self.log.flush()

    def count(self):
        with self.lock:
            self.lists += 1
            return self.lists

    def page(self, name, asked, number):
        """Things of a page and how many remain behind it."""
        faults, cursor, limit = self.faults, asked["cursor"], max(asked["limit"], 0)
        total, cut = self.store.search(name, asked, "always" if faults.has("ties") else "some")
        reach = int(faults.number("ceiling", CEILING))
        things = cut(cursor, min(cursor + limit, max(reach, cursor)))
        if faults.drawn("short", number):
            things = things[:len(things) * 2 // 3]
        if faults.drawn("empty", number):
            things = []
        rest = max(total - cursor - len(things), 0)
        if faults.drawn("twice", number) and things:
            things = things + things[-1:]
        if faults.has("grows"):
            rest += number
        return list(things), rest

    def shown(self, thing, has_key):
        """A thing as it is given out: fields without a value are not there."""
        shown = {k: v for k, v in thing.items() if v is not None and v != "" and v != []}
        if not has_key:
            shown = {k: v for k, v in shown.items() if k in VISIBLE}
        if self.faults.has("rename"):
            old, _, new = self.faults.text("rename").partition("=")
            if old in shown:
                shown[new] = shown.pop(old)
        if self.faults.has("names"):
            keep = (ID, CREATED, "Modified Date", "Created By", "Slug")
            shown = {k if k in keep else k.lower().replace(" ", "_") + "_text": v
                     for k, v in shown.items()}
        return shown

    def delete_oldest(self, name):
        with self.store.lock:
            found = self.store.types[type_name(name)]
            if found.things:
                found.remove(0)

    def create(self, name):
        with self.store.lock:
            found = self.store.types[type_name(name)]
            ms = millis(found.keys[-1]) + 1000 if found.keys else int(time.time() * 1000)
            found.add({ID: "%dx%018d" % (ms, len(found.things)), CREATED: iso(ms),
                       "Modified Date": iso(int(time.time() * 1000)), "Name": "New thing", "Number": len(found.things)})

    def change(self, name, number):
        """Not in place: pages that are on their way hold the thing as it was."""
        with self.store.lock:
            things = self.store.types[type_name(name)].things
            at = number * 37 % len(things) if things else 0
            things[at:at + 1] = [{**t, "Name": "Changed %d" % number,
                                  "Modified Date": iso(int(time.time() * 1000))}
                                 for t in things[at:at + 1]]


def parse_arguments():
    known = "\n".join("  %s:%s" % f if f[1].strip() else "  %s" % f[0] for f in FAULTS.items())
    p = argparse.ArgumentParser(description=__doc__, epilog="faults:\n" + known,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", metavar="DIR", help="TYPE.jsonl files, one thing a line")
    p.add_argument("--things", metavar="TYPE=N[/TIED]", action="append", default=[])
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=0, help="0: any that is free")
    p.add_argument("--log", metavar="FILE", help="a line a request, without the key")
    p.add_argument("--flights", metavar="FILE", help="a line a list: how many are under way, which types")
    p.add_argument("--fault", metavar="NAME[:ARGUMENT]", action="append", default=[])
    p.add_argument("--seed", default="1", help="which requests a share of faults hits")
    p.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    return p.parse_args()


def main():
    options = parse_arguments()
    store = Store()
    if options.data:
        store.load(options.data)
    for text in options.things:
        name, _, count = text.partition("=")
        count, _, tied = count.partition("/")
        store.put(name, make_things(int(count), int(tied or 1)))
    try:
        server = Server(options, store)
    except (OSError, ValueError) as error:
        sys.exit("server.py: %s" % error)
    scheme = "https" if options.tls else "http"
    print("listening on %s://%s:%d" % (scheme, options.host, server.server_port), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
