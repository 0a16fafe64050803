"""bench_lms_python.py - moves the grades of the example lms the way that hand-written scripts do:
psycopg2, dicts of ids, execute_values in pages of 10,000, into the target as it stands.
A floor of bench_lms.sh. usage: bench_lms_python.py SOURCE_URL TARGET_URL"""
import datetime
import decimal
import json
import sys
import uuid

import psycopg2
import psycopg2.extras

PAGE = 10000
ZONE = datetime.timezone(datetime.timedelta(hours=4))


def ids(target, table, old):
    with target.cursor() as cur:
        cur.execute(f"SELECT (metadata ->> '{old}')::int, id::text FROM lms.{table}")
        return dict(cur)


def day(text):
    return datetime.date(int(text[6:10]), int(text[3:5]), int(text[:2]))


def moment(text):
    d = day(text)
    return datetime.datetime(d.year, d.month, d.day, int(text[11:13]), int(text[14:16]),
                             int(text[17:]), tzinfo=ZONE)


def grades(source, enrollments, assessments):
    with source.cursor("grades") as cur:
        cur.itersize = PAGE
        cur.execute("SELECT id, course_student_id, journal_id, point, point_date, note,"
                    " creation_date FROM edu.journal_details")
        for old, enrollment, journal, point, point_date, note, created in cur:
            try:
                yield (str(uuid.uuid4()), enrollments[enrollment], assessments[journal],
                       None if point is None else decimal.Decimal(point), day(point_date),
                       note or None, json.dumps({"old_grade_id": old}), moment(created))
            except (KeyError, ValueError, decimal.InvalidOperation):
                continue  # an orphan, no such day, no number: left out, as by all others


def main(source_url, target_url):
    source, target = psycopg2.connect(source_url), psycopg2.connect(target_url)
    rows = grades(source, ids(target, "enrollments", "old_course_student_id"),
                  ids(target, "assessments", "old_journal_id"))
    with target, target.cursor() as cur:
        psycopg2.extras.execute_values(
            cur, "INSERT INTO lms.grades (id, enrollment_id, assessment_id, score, graded_on,"
                 " comment, metadata, created_at) VALUES %s", rows, page_size=PAGE)


main(*sys.argv[1:])
