/* token.c - keys that are not known yet, as values: mark, stage, ':' and source key. Stages have no
 * ':' in their names. What becomes of them is lookup.c's. */
#include "token.h"

#include <string.h>

#include "digest.h"

#define MARK_LENGTH (TOKEN_MARK_SIZE - 1)

void token_mark(char out[TOKEN_MARK_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[MARK_LENGTH / 2] = "a key of mighost";
    digest_random(bytes, sizeof bytes); /* should it fail, the text above is rare enough */
    for (size_t i = 0; i < sizeof bytes; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[MARK_LENGTH] = '\0';
}

mig_value_t token_make(struct arena *mem, const char *mark, const char *stage,
                       const mig_value_t *source_key)
{
    size_t name = strlen(stage), n = MARK_LENGTH + name + 1 + source_key->len;
    char *text = arena_alloc(mem, n + 1);
    memcpy(text, mark, MARK_LENGTH);
    memcpy(text + MARK_LENGTH, stage, name);
    text[MARK_LENGTH + name] = ':';
    if (source_key->len)
        memcpy(text + MARK_LENGTH + name + 1, source_key->data, source_key->len);
    return (mig_value_t){text, (uint32_t)n, MIG_KEY};
}

mig_str_t token_text(const mig_value_t *v)
{
    return (mig_str_t){v->data + MARK_LENGTH, v->len - MARK_LENGTH};
}

int token_is_of(const mig_value_t *v, const char *stage)
{
    size_t n = strlen(stage);
    mig_str_t text = token_text(v);
    return text.len > n && memcmp(text.data, stage, n) == 0 && text.data[n] == ':';
}

int token_inside(const mig_value_t *v, const char *mark)
{
    return v->kind > MIG_NULL && v->len >= MARK_LENGTH &&
           memmem(v->data, v->len, mark, MARK_LENGTH) != NULL;
}
