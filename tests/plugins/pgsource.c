/* pgsource.c - the server that source_postgres.sh makes. */
#include "pgsource.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

const char *pgsource_environment(const char *name)
{
    const char *value = getenv(name);
    if (!value)
        printf("%s is not set: run source_postgres.sh\n", name);
    return value ? value : "";
}

void pgsource_session(const char *sql)
{
    char command[1024];
    snprintf(command, sizeof command, "psql -X -q -v ON_ERROR_STOP=1 -d '%s' -c \"%s\" >/dev/null",
             pgsource_environment("TEST_URL"), sql);
    CU_ASSERT_EQUAL(system(command), 0);
}
