/*
 * say.c - formatted texts for host->fail(), reject() and log().
 *
 * Texts are cut at SAY_MAX bytes. What is passed in must be names and numbers only: no value
 * of a record, no text of a server, no connection string.
 */
#include "common/say.h"

#include <stdarg.h>
#include <stdio.h>

#define SAY_MAX 1024

static void finish(char *text, const char *format, va_list ap)
{
    if (vsnprintf(text, SAY_MAX, format, ap) < 0)
        text[0] = '\0';
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

int32_t say_fail(const mig_host_t *host, int32_t status, const char *fix, const char *format, ...)
{
    char text[SAY_MAX];
    va_list ap;
    va_start(ap, format);
    finish(text, format, ap);
    va_end(ap);
    return host->fail(host, status, text, fix);
}

int32_t say_reject(const mig_host_t *host, const char *code, const char *format, ...)
{
    char text[SAY_MAX];
    va_list ap;
    va_start(ap, format);
    finish(text, format, ap);
    va_end(ap);
    return host->reject(host, NULL, code, text);
}

void say_log(const mig_host_t *host, int32_t level, const char *format, ...)
{
    char text[SAY_MAX];
    va_list ap;
    va_start(ap, format);
    finish(text, format, ap);
    va_end(ap);
    host->log(host, level, text);
}
