/* test_waiting.c - what a source says is shown to people and kept in the state: without secrets,
 * also where the text is cut. */
#include "log.h"
#include "unit.h"
#include "waiting.h"

#include <stdio.h>
#include <string.h>

static void secrets_are_masked(void)
{
    struct waiting w;
    char text[300];
    log_secret("hunter-22-canary");
    waiting_begin(WAITING_SOURCE, "shop");
    waiting_said("asks with hunter-22-canary again");
    waiting_get(&w);
    CU_ASSERT_STRING_EQUAL(w.said, "asks with *** again");
    /* Cut first, the half of it would not be known for one. */
    memset(text, '.', sizeof text);
    snprintf(text + 190, sizeof text - 190, "hunter-22-canary");
    waiting_said(text);
    waiting_get(&w);
    CU_ASSERT_PTR_NULL(strstr(w.said, "hunter"));
    waiting_end();
}

static const struct unit_case cases[] = {{"secrets_are_masked", secrets_are_masked}};

int main(int argc, char **argv)
{
    return UNIT_MAIN("waiting", cases, argc, argv);
}
