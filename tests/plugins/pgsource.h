/* pgsource.h - the server that source_postgres.sh makes for the tests of the source "postgres", and
 * others who work on it. */
#ifndef MIGHOST_TESTS_PGSOURCE_H
#define MIGHOST_TESTS_PGSOURCE_H

/* TEST_URL, TEST_SOCKET; empty and told where it is not set. */
const char *pgsource_environment(const char *name);
/* A statement from another session, committed. */
void pgsource_session(const char *sql);

#endif
