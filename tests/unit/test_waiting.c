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

static void a_call_is_named(void)
{
    const struct crash_unit who = {"source:shop", "source of hunter-22-canary", "shop.so", NULL};
    struct crash_look look = {0};
    struct waiting w;
    crash_init();
    log_secret("hunter-22-canary");
    struct crash_call outer = crash_enter((struct crash_call){&who, "next", "users"});
    waiting_look(&w, &look); /* seen for the first time: it may have begun just now */
    CU_ASSERT_EQUAL(w.kind, WAITING_NO);
    waiting_look(&w, &look);
    CU_ASSERT_EQUAL(w.kind, WAITING_PLUGIN);
    CU_ASSERT_STRING_EQUAL(w.what, "next() of source:shop, source of ***, stage users");
    crash_leave(outer);
    waiting_look(&w, &look);
    waiting_look(&w, &look);
    CU_ASSERT_EQUAL(w.kind, WAITING_NO);
}

static const struct unit_case cases[] = {{"secrets_are_masked", secrets_are_masked},
                                         {"a_call_is_named", a_call_is_named}};

int main(int argc, char **argv)
{
    return UNIT_MAIN("waiting", cases, argc, argv);
}
