/* checklist.h - a list of what people see to around a run, and what of it is done. Markdown
 * ("- [ ] text") or JSON. Reads files only. */
#ifndef MIGHOST_CHECKLIST_H
#define MIGHOST_CHECKLIST_H

#include "arena.h"
#include "status.h"
#include "str.h"

enum checklist_when { CHECKLIST_BEFORE, CHECKLIST_DURING, CHECKLIST_AFTER }; /* the run */

struct checklist_item {
    const char *text;
    const char *who; /* "name, date" of who has done it, or NULL: it is open */
    enum checklist_when when;
};

struct checklist {
    struct checklist_item *items;
    size_t n;
    char sha256[65]; /* of the file */
};

/* 0 or a status. The texts live in `mem`. */
int checklist_read(const char *path, struct arena *mem, struct checklist *out, struct error *err);
/* Takes over who has done what, from a list with the same texts. */
void checklist_take(struct checklist *list, const struct checklist *done);
/* How many of those before the run are open. */
size_t checklist_open(const struct checklist *list);
/* Appends the texts of open items: those before the run, or those that come with and behind it. */
void checklist_open_text(const struct checklist *list, int before, struct str *out);
/* A line for each item, "[ ]" or "[x]" before it. Appended. */
void checklist_text(const struct checklist *list, struct str *out);

#endif
