/*
 * faultlist.c - faults joined to one text for host->fail().
 *
 * Of very many only the first are told and the rest counted: the text is read by a person.
 */
#include "common/faultlist.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/nearest.h"

/* The host keeps 1023 bytes of a text; " (and N more)" must fit behind. */
#define MAX_TEXT 980U

void faultlist_add(struct faultlist *f, const char *where, const char *format, ...)
{
    char text[512], all[700];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    int len = snprintf(all, sizeof all, "%s%.160s%s%s", f->n > 0 ? "; " : "", where ? where : "",
                       where ? ": " : "", text);
    f->text.max = MAX_TEXT;
    f->n++;
    if (f->left_out > 0 || len < 0 || buf_add_text(&f->text, all) != 0)
        f->left_out++;
}

void faultlist_members(struct faultlist *f, const char *where, const json_t *object,
                       const char *const *known)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        struct nearest near = {0};
        const char *const *k = known;
        for (; *k && strcmp(*k, name) != 0; k++)
            nearest_offer(&near, name, *k);
        if (*k)
            continue;
        if (near.name)
            faultlist_add(f, where, "there is no \"%.60s\" here, did you mean \"%s\"?", name,
                          near.name);
        else
            faultlist_add(f, where, "there is no \"%.60s\" here", name);
    }
}

int32_t faultlist_end(struct faultlist *f, const mig_host_t *host, const char *fix)
{
    int32_t rc = MIG_OK;
    if (f->n > 0) {
        char text[MAX_TEXT + 40];
        int len = f->text.len > 0 ? (int)f->text.len : 0;
        (void)snprintf(text, sizeof text, "%.*s", len, f->text.data ? f->text.data : "");
        size_t end = strlen(text);
        if (f->left_out > 0)
            (void)snprintf(text + end, sizeof text - end, " (and %zu more)", f->left_out);
        rc = host->fail(host, MIG_E_CONFIG, text, fix);
    }
    buf_clear(&f->text);
    f->n = f->left_out = 0;
    return rc;
}
