/* spool.c - records in sealed frames, each of about FRAME_BYTES, or of one record that is larger.
 * A frame on disk: its length, its tag, its bytes; its number is the nonce, so that frames cannot
 * change places either. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_BYTES ((size_t)64 << 10)

struct head {
    uint64_t bytes;
    unsigned char tag[DIGEST_TAG_BYTES];
};

struct spool {
    int fd;
    struct digest_seal *seal;
    unsigned char *frame; /* plain: the one that is filled, or given from */
    size_t used, capacity, at;
    off_t end, place; /* of the file: behind the last frame, of the next one to be read */
    uint64_t frames, frame_no;
    uint64_t records, given;
    mig_value_t *values;
    size_t values_capacity;
    mig_str_t raw;
};

/* ---- life ------------------------------------------------------------------------------ */

static int open_nameless(struct outdir *dir)
{
    static const char name[] = ".spool.tmp";
    int fd = openat(outdir_fd(dir), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        unlinkat(outdir_fd(dir), name, 0);
        fd = outdir_openat(outdir_fd(dir), name, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0)
            unlinkat(outdir_fd(dir), name, 0);
    }
    return fd;
}

static int no_file(struct error *err, const char *what)
{
    int why = errno;
    error_set(err, STATUS_BACKUP, "records that wait to be hashed cannot be %s: %s", what,
              strerror(why));
    error_why(err, "they wait in a sealed file, so that their source need not");
    error_fix(err, why == ENOSPC || why == EDQUOT
                       ? "make room below the work directory, or choose another --work-dir"
                       : "look at the disk, or choose another --work-dir");
    return STATUS_BACKUP;
}

struct spool *spool_new(const char *dir, struct error *err)
{
    struct outdir *at = outdir_open_all(dir, err);
    if (!at)
        return NULL;
    struct spool *s = arena_heap(NULL, sizeof *s);
    memset(s, 0, sizeof *s);
    s->fd = open_nameless(at);
    if (s->fd < 0)
        no_file(err, "kept");
    outdir_close(at);
    s->seal = err->code ? NULL : digest_seal_new();
    if (!err->code && !s->seal) {
        error_set(err, STATUS_PREFLIGHT, "OpenSSL offers no AES-256-GCM to seal records with");
        error_fix(err, "look at openssl.cnf: its default or fips provider has that cipher");
    }
    if (!err->code)
        return s;
    spool_free(s);
    return NULL;
}

void spool_free(struct spool *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    if (s->frame)
        explicit_bzero(s->frame, s->capacity);
    free(s->frame);
    free(s->values);
    digest_seal_free(s->seal);
    free(s);
}

/* Not by realloc(): what it leaves behind is not wiped. */
static void need_room(struct spool *s, size_t n)
{
    if (s->capacity - s->used >= n)
        return;
    size_t capacity = s->used + n > FRAME_BYTES ? s->used + n : FRAME_BYTES;
    unsigned char *frame = arena_heap(NULL, capacity);
    if (s->frame) {
        memcpy(frame, s->frame, s->used);
        explicit_bzero(s->frame, s->capacity);
    }
    free(s->frame);
    s->frame = frame;
    s->capacity = capacity;
}

/* ---- filling --------------------------------------------------------------------------- */

static int write_all(struct spool *s, const void *data, size_t n, struct error *err)
{
    for (const char *p = data; n;) {
        ssize_t done = pwrite(s->fd, p, n, s->end);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return no_file(err, "written");
        p += done;
        n -= (size_t)done;
        s->end += done;
    }
    return 0;
}

static int close_frame(struct spool *s, struct error *err)
{
    struct head head = {.bytes = s->used};
    if (!s->used)
        return 0;
    if (digest_seal(s->seal, s->frames++, s->frame, s->used, head.tag))
        return error_set(err, STATUS_BUG, "OpenSSL failed to seal records");
    int code = write_all(s, &head, sizeof head, err);
    if (!code)
        code = write_all(s, s->frame, s->used, err);
    s->used = 0;
    return code;
}

static void put(struct spool *s, const void *data, size_t n)
{
    if (n)
        memcpy(s->frame + s->used, data, n);
    s->used += n;
}

static size_t text_size(const mig_value_t *v)
{
    return v->kind > MIG_NULL ? v->len : 0;
}

int spool_add(struct spool *s, const mig_record_t *record, const struct host_outcome *outcome,
              mig_str_t raw, struct error *err)
{
    const uint32_t n = outcome ? 0 : record->n_values;
    const uint64_t raw_bytes = raw.data ? raw.len : 0;
    size_t bytes = 1 + sizeof n + sizeof raw_bytes + (size_t)raw_bytes;
    for (uint32_t i = 0; i < n; i++)
        bytes += 2 * sizeof(uint32_t) + text_size(&record->values[i]);
    need_room(s, bytes + (outcome ? sizeof *outcome : 0));
    put(s, outcome ? "\1" : "\0", 1);
    if (outcome)
        put(s, outcome, sizeof *outcome);
    put(s, &n, sizeof n);
    for (uint32_t i = 0; i < n; i++) {
        const mig_value_t *v = &record->values[i];
        const uint32_t len = (uint32_t)text_size(v);
        put(s, &v->kind, sizeof v->kind);
        put(s, &len, sizeof len);
        put(s, v->data, len);
    }
    put(s, &raw_bytes, sizeof raw_bytes);
    put(s, raw.data, (size_t)raw_bytes);
    s->records++;
    return s->used >= FRAME_BYTES ? close_frame(s, err) : 0;
}

/* ---- giving ---------------------------------------------------------------------------- */

static int read_all(struct spool *s, void *to, size_t n, struct error *err)
{
    for (char *p = to; n;) {
        ssize_t done = pread(s->fd, p, n, s->place);
        if (done < 0 && errno == EINTR)
            continue;
        if (done == 0)
            errno = EIO; /* somebody cut it */
        if (done <= 0)
            return no_file(err, "read back");
        p += done;
        n -= (size_t)done;
        s->place += done;
    }
    return 0;
}

static int was_changed(struct error *err)
{
    error_set(err, STATUS_BACKUP, "records that wait to be hashed were changed on disk");
    error_fix(err, "look at the disk, and who else writes to it; then repeat the command: they are "
                   "read again");
    return err->code;
}

static int next_frame(struct spool *s, struct error *err)
{
    struct head head;
    s->at = s->used = 0;
    int code = read_all(s, &head, sizeof head, err);
    if (!code && head.bytes > (uint64_t)(s->end - s->place))
        code = was_changed(err);
    if (code)
        return code;
    need_room(s, head.bytes);
    code = read_all(s, s->frame, head.bytes, err);
    if (!code && digest_unseal(s->seal, s->frame_no++, s->frame, head.bytes, head.tag))
        code = was_changed(err);
    s->used = code ? 0 : head.bytes;
    return code;
}

static void get(struct spool *s, void *to, size_t n)
{
    memcpy(to, s->frame + s->at, n);
    s->at += n;
}

static void get_values(struct spool *s, uint32_t n)
{
    if (n > s->values_capacity) {
        s->values_capacity = n;
        s->values = arena_heap(s->values, n * sizeof *s->values);
    }
    for (uint32_t i = 0; i < n; i++) {
        mig_value_t *v = &s->values[i];
        get(s, &v->kind, sizeof v->kind);
        get(s, &v->len, sizeof v->len);
        v->data = (const char *)s->frame + s->at;
        s->at += v->len;
    }
}

int32_t spool_next(struct spool *s, mig_record_t *record, struct host_outcome *outcome,
                   struct error *err)
{
    char refused;
    uint32_t n;
    uint64_t raw_bytes;
    if (s->given == s->records)
        return MIG_END;
    if (s->at == s->used && next_frame(s, err))
        return -1;
    get(s, &refused, 1);
    if (refused)
        get(s, outcome, sizeof *outcome);
    get(s, &n, sizeof n);
    get_values(s, n);
    get(s, &raw_bytes, sizeof raw_bytes);
    s->raw = (mig_str_t){(const char *)s->frame + s->at, (size_t)raw_bytes};
    s->at += (size_t)raw_bytes;
    s->given++;
    record->values = s->values;
    record->n_values = n;
    return refused ? MIG_REJECT : MIG_OK;
}

int spool_begin(struct spool *s, uint64_t passed, struct error *err)
{
    mig_record_t record;
    struct host_outcome outcome;
    int code = s->given ? 0 : close_frame(s, err);
    s->place = 0;
    s->frame_no = s->given = 0;
    s->at = s->used = 0;
    s->raw = (mig_str_t){NULL, 0};
    while (!code && s->given < passed && s->given < s->records)
        code = spool_next(s, &record, &outcome, err) < 0 ? err->code : 0;
    return code;
}

mig_str_t spool_raw(const struct spool *s)
{
    return s->raw;
}

uint64_t spool_records(const struct spool *s)
{
    return s->records;
}

int64_t spool_progress(const struct spool *s)
{
    return s->records ? (int64_t)((double)s->given / (double)s->records * 1e6) : 1000000;
}
