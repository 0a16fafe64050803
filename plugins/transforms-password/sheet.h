/* sheet.h - the file of generated passwords: one line a user, written once, for its owner alone. */
#ifndef MIGHOST_PASSWORD_SHEET_H
#define MIGHOST_PASSWORD_SHEET_H

#include <mighost/plugin.h>

struct sheet {
    const char *path;
    int is_read;
    void *known; /* of tsearch(): "stage TAB key TAB" of the lines that are there */
};

/* Adds "stage TAB key TAB password", unless the file has a line for that stage and key. 0 or -1
 * with errno. EPERM: the file is another's, or others may read it. */
int sheet_add(struct sheet *s, const mig_place_t *place, const char *password);
void sheet_clear(struct sheet *s);

#endif
