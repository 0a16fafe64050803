/* chunk.c - what a bounded number of records became: encoded rows, rejects, repairs, counts. How it
 * travels is in chunk_send.c. */
#include "chunk.h"

#include <stdlib.h>
#include <string.h>

#include "hostrepairs.h"

void chunk_init(struct chunk *c, const struct job *job)
{
    memset(c, 0, sizeof *c);
    c->mem = arena_new();
    c->n_tables = job->n_tables;
    c->rows = arena_heap(NULL, (job->n_tables + 1) * sizeof *c->rows);
    memset(c->rows, 0, (job->n_tables + 1) * sizeof *c->rows);
}

void chunk_clear(struct chunk *c)
{
    for (size_t i = 0; i < c->n_tables; i++)
        staged_clear(&c->rows[i]);
    free(c->rows);
    free(c->rejects);
    free(c->left);
    free(c->repairs);
    free(c->repaired);
    free(c->memos);
    arena_free(c->mem);
    memset(c, 0, sizeof *c);
}

void chunk_begin(struct chunk *c, const struct job_stage *stage, int64_t no, uint64_t first_number,
                 mig_str_t position)
{
    arena_reset(c->mem);
    for (size_t i = 0; i < c->n_tables; i++) {
        if (c->stage != stage) /* else memory would grow with the number of stages */
            staged_clear(&c->rows[i]);
        staged_truncate(&c->rows[i], 0);
    }
    c->stage = stage;
    c->no = no;
    c->first_number = first_number;
    c->records = 0;
    c->n_rejects = 0;
    c->n_repairs = c->n_repaired = 0;
    c->n_memos = 0;
    c->mark.known = 0;
    memset(&c->order, 0, sizeof c->order);
    free(c->left); /* it is as long as the records of that chunk were many */
    c->left = NULL;
    c->left_capacity = 0;
    c->made = 0;
    c->position_before = arena_strndup(c->mem, position.len ? position.data : "", position.len);
    c->position_after = "";
    c->snapshot = "";
    c->filled = "{}";
}

size_t chunk_bytes(const struct chunk *c)
{
    size_t n = arena_size(c->mem);
    for (size_t i = 0; i < c->n_tables; i++)
        n += c->rows[i].data.len + c->rows[i].n * sizeof *c->rows[i].rows;
    return n;
}

void chunk_reject(struct chunk *c, const struct chunk_reject *r)
{
    if (c->n_rejects == c->capacity) {
        c->capacity = c->capacity ? c->capacity * 2 : 64;
        c->rejects = arena_heap(c->rejects, c->capacity * sizeof *c->rejects);
    }
    struct chunk_reject *copy = &c->rejects[c->n_rejects++];
    *copy = *r;
    copy->key = arena_strdup(c->mem, r->key);
    copy->final_key = arena_strdup(c->mem, r->final_key);
    copy->table = arena_strdup(c->mem, r->table);
    copy->field = arena_strdup(c->mem, r->field);
    copy->code = arena_strdup(c->mem, r->code);
    copy->reason = arena_strdup(c->mem, r->reason);
    if (r->raw.len)
        copy->raw.data = arena_strndup(c->mem, r->raw.data, r->raw.len);
}

void chunk_memo(struct chunk *c, const unsigned char bytes[32], mig_str_t value)
{
    if (c->n_memos == c->memos_capacity) {
        c->memos_capacity = c->memos_capacity ? c->memos_capacity * 2 : 64;
        c->memos = arena_heap(c->memos, c->memos_capacity * sizeof *c->memos);
    }
    struct chunk_memo *m = &c->memos[c->n_memos++];
    memcpy(m->bytes, bytes, sizeof m->bytes);
    m->value = (mig_str_t){arena_strndup(c->mem, value.data, value.len), value.len};
}

char *chunk_left(struct chunk *c)
{
    if (c->left_capacity < c->records + 1) {
        c->left = arena_heap(c->left, c->records + 1);
        memset(c->left + c->left_capacity, 0, c->records + 1 - c->left_capacity);
        c->left_capacity = c->records + 1;
    }
    return c->left;
}

void chunk_seal(struct chunk *c, struct host *host, mig_str_t position, int64_t parts, int own_keys)
{
    c->parts = parts;
    c->position_after = arena_strndup(c->mem, position.len ? position.data : "", position.len);
    c->own_keys = own_keys;
    c->n_repairs = host->n_repairs;
    c->repairs = arena_heap(c->repairs, (c->n_repairs + 1) * sizeof *c->repairs);
    for (size_t i = 0; i < c->n_repairs; i++)
        c->repairs[i] = host->repairs[i]; /* texts live as long as the units */
    c->n_repaired = host->n_repaired;
    c->repaired = arena_heap(c->repaired, (c->n_repaired + 1) * sizeof *c->repaired);
    for (size_t i = 0; i < c->n_repaired; i++)
        c->repaired[i] = (struct host_repaired){host->repaired[i].repair,
                                                arena_strdup(c->mem, host->repaired[i].key)};
    hostrepairs_chunk(host);
}
