/* record.h - one thing as the values of the fields that were asked for. */
#ifndef MIGHOST_SOURCE_BUBBLE_RECORD_H
#define MIGHOST_SOURCE_BUBBLE_RECORD_H

#include "common/fields.h"
#include "settings.h"

struct record {
    const struct settings *s;
    struct fields fields;
    struct jsonscan_slice *raw; /* one a field; owned, as all below */
    mig_value_t *values;
    uint64_t *filled;      /* things that had a value */
    uint64_t n;            /* things */
    char *secret;          /* one a field: it is of class secret, and not in the sum */
    void *digest;          /* EVP_MD_CTX */
    unsigned char sum[32]; /* of the SHA-256 of all things, each by the fields asked for */
    struct buf unescaped;
};

void record_init(struct record *r, const struct settings *s);
void record_clear(struct record *r);
/* The fields to give, in that order. 0 or negative, said to the host. */
int32_t record_begin(struct record *r, const char *entity, const char *const *names, uint32_t n);
/* Fills r->values. MIG_OK, MIG_REJECT (said to the host) or negative. */
int32_t record_read(struct record *r, const char *text, size_t len);

/* Which fields had a value so far, as '0' and '1', to be kept with a position. `out` has room for
 * n_wanted and a NUL. */
void record_met(const struct record *r, char *out);
void record_set_met(struct record *r, const char *met, size_t len);
/* Tells how much each field is filled. A field that no thing has is an error: it was renamed or
 * misspelt, and would become empty everywhere. */
int32_t record_end(const struct record *r, const char *entity);

#endif
