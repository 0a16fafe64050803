/* reader.h - the things of one search, each once, over any number of requests. */
#ifndef MIGHOST_SOURCE_BUBBLE_READER_H
#define MIGHOST_SOURCE_BUBBLE_READER_H

#include "keyset.h"
#include "pace.h"
#include "page.h"
#include "query.h"
#include "recording.h"
#include "slot.h"

enum reader_state { READER_PAGES, READER_TOTAL, READER_ENDED };

struct reader {
    const struct settings *s;
    const char *entity; /* for messages; borrowed, as the query */
    const struct query *q;
    struct transfers *net; /* borrowed, as the pace */
    struct pace *pace;
    struct keyset keyset;
    struct slots slots;
    struct transfers_count count; /* of this search */
    struct recording *recording;  /* of the pages that are used; borrowed, or NULL */
    enum reader_state state;

    size_t at, fresh;    /* in the page of the first slot: the next thing; new ones before it */
    int is_open;         /* that page was looked at and is being gone through */
    int64_t first_total; /* things when reading began; -1: not known */
    int64_t total;       /* things as of the newest page; -1: not known */
    uint64_t repeats;    /* things that stood twice in one page */
    uint32_t rounds;     /* how often reading went on at the end, because of new things */
    uint64_t pages;      /* that were used */
    uint32_t ahead;      /* 1 behind a change of the list, up to SLOT_AHEAD while it stands still */
    int64_t begun;
    int64_t asked_at; /* the first page, by the server's clock; -1: not known */
};

/* NULL: no memory. What reads at the same time shares `net` and `pace`. */
struct reader *reader_new(const struct settings *s, struct transfers *net, struct pace *pace);
void reader_free(struct reader *r); /* NULL is allowed */
/* Begins a search. The keyset may be set to an earlier position afterwards. 0 or negative, said to
 * the host. */
int32_t reader_begin(struct reader *r, const char *entity, const struct query *q);
/* The same beside another one; reader_fetch() gets at most so many pages, reader_go_on() makes it
 * the one that is read: as if it had begun with these texts, now. */
int32_t reader_begin_ahead(struct reader *r, const char *entity, const struct query *q);
int32_t reader_fetch(struct reader *r, uint32_t pages);
void reader_go_on(struct reader *r, const char *entity, const struct query *q);
/* All pages that it can ask for now are under way or there. */
int reader_is_waiting(const struct reader *r);
/* The next thing, whose text lives until the next call. MIG_OK, MIG_END, MIG_WAIT or negative. */
int32_t reader_next(struct reader *r, struct jsonscan_slice *thing, mig_wait_t *wait);
void reader_stop(struct reader *r);

#endif
