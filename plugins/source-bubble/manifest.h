/* manifest.h - DIR/TYPE.manifest: a line for each page, and one behind them that says that the type
 * is whole. Pages behind that line hold what was read again because it had changed, and count once
 * there is such a line behind them, too. Names and digests of the files of a recording, for both
 * ways. */
#ifndef MIGHOST_SOURCE_BUBBLE_MANIFEST_H
#define MIGHOST_SOURCE_BUBBLE_MANIFEST_H

#include <stdio.h>

#include "common/buf.h"
#include "settings.h"

#define MANIFEST_NAME 700U
#define MANIFEST_DIGEST 65U

struct manifest {
    uint64_t pages;
    long end;             /* behind the last page's line that counts */
    int is_whole;         /* nothing is missing, in pages nor behind them */
    int is_sealed;        /* what was left out is in sealed pages */
    json_t *left_out;     /* an object of the names of fields; owned */
    uint64_t first_pages; /* of a whole one: those of the first reading */
    long first_end;       /* behind the line that says so */
    json_t *first, *last; /* that line, and the last such one; owned */
};

/* Up to `most` pages, from the beginning of an open file. 0, or -1: it cannot be read. */
int manifest_read(struct manifest *m, FILE *f, uint64_t most);
void manifest_clear(struct manifest *m);
/* The type is there whole. */
int manifest_is_whole(const char *dir, const char *type);

int32_t manifest_open_dir(const struct settings *s, const char *path, int make, int *out);
int manifest_digest(const struct buf *b, char out[MANIFEST_DIGEST]);
/* "TYPE" and `end`, letters that are none of a file's name as %XX. 0, or -1: too long. */
int manifest_name(const char *type, const char *end, char out[MANIFEST_NAME]);
/* The same of a page: `end` is "json" or "sealed". */
int manifest_page(const char *type, uint64_t page, const char *end, char out[MANIFEST_NAME]);
/* What a sealed page belongs to, see seal.h; room for it is MANIFEST_NAME. */
void manifest_about(const char *type, uint64_t page, const char *sha256, char *out);

#endif
