/* input.h - a window over a part of one file that moves forward. */
#ifndef MIGHOST_PLUGINS_INPUT_H
#define MIGHOST_PLUGINS_INPUT_H

#include <mighost/plugin.h>
#include <sys/stat.h>

#define INPUT_READ ((size_t)128 << 10) /* bytes of one read */

/* data[begin..end) are the bytes of the file from `offset` + begin on. The owner moves `begin`
 * over what it is done with; slices into the window hold until the next input_more(). */
struct input {
    const mig_host_t *host; /* borrowed */
    char *path;             /* owned; NULL: nothing is open */
    int fd;
    struct stat opened; /* size, time and inode when it was opened */
    char *data;         /* owned */
    size_t begin, end, capacity;
    uint64_t offset; /* of data[0] in the file */
    uint64_t limit;  /* offset in the file where the part ends */
};

void input_init(struct input *in, const mig_host_t *host);
void input_clear(struct input *in); /* closes and frees */

/* Opens a regular file; anything else is named and refused, without waiting for a writer.
 * 0 or negative, said to the host. */
int32_t input_open(struct input *in, const char *path);
/* Moves to a part of the open file and empties the window. */
void input_seek(struct input *in, uint64_t from, uint64_t to);
/* Reads on; what is between begin and end stays. Grows the window up to `most` bytes.
 * MIG_OK, MIG_END at the end of the part, or negative: also when the file has changed since
 * it was opened. It is a bug to ask while `most` bytes are still held. */
int32_t input_more(struct input *in, size_t most);
/* Skips white space, dropping it. The next byte, INPUT_EOF at the end of the part, or
 * negative. */
#define INPUT_EOF 256
int32_t input_peek(struct input *in);
uint64_t input_at(const struct input *in); /* offset of data[begin] in the file */
/* MIG_OK, or MIG_E_SOURCE when path or open file is no longer what was opened. */
int32_t input_unchanged(struct input *in);

/* MIG_E_SOURCE with "<file>, line n (byte m): <text>". `offset` is in the file. */
int32_t input_broken(struct input *in, uint64_t offset, const char *text, const char *fix);

#endif
