/*
 * sheet.c - the file of generated passwords. Several processes may write it: each line is one
 * write() at its end, and no two of them have the same records. A key with a tab or a line break in
 * it is written with a question mark in its place, so that a line stays a line.
 */
#include "sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_sheet(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077))
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

static char *add(char *to, mig_str_t part)
{
    for (size_t i = 0; i < part.len; i++)
        *to++ = (unsigned char)part.data[i] < 0x20 ? '?' : part.data[i];
    *to++ = '\t';
    return to;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* 1: it is new. Takes the text over. */
static int learn(struct sheet *s, char *head)
{
    char *const *node = head ? tsearch(head, &s->known, compare) : NULL;
    if (node && *node == head)
        return 1;
    free(head);
    return 0;
}

/* The lines of earlier runs, without their passwords. */
static void read_sheet(struct sheet *s, int fd)
{
    char *line = NULL;
    size_t size = 0;
    int copy = dup(fd);
    FILE *file = copy >= 0 ? fdopen(copy, "r") : NULL;
    s->is_read = 1;
    if (!file)
        return;
    rewind(file);
    while (getline(&line, &size, file) > 0) {
        char *last = strrchr(line, '\t');
        if (last)
            learn(s, strndup(line, (size_t)(last + 1 - line)));
    }
    if (line)
        explicit_bzero(line, size);
    free(line);
    fclose(file);
}

int sheet_add(struct sheet *s, const mig_place_t *place, const char *password)
{
    size_t n = strlen(password), size = place->stage.len + place->key.len + n + 3;
    char *line = malloc(size);
    int fd = line ? open_sheet(s->path) : -1;
    if (fd < 0) {
        free(line);
        return -1;
    }
    if (!s->is_read)
        read_sheet(s, fd);
    char *end = add(add(line, place->stage), place->key);
    size_t head = (size_t)(end - line);
    memcpy(end, password, n);
    end[n] = '\n';
    int rc = 0;
    if (learn(s, strndup(line, head)))
        rc = write(fd, line, head + n + 1) == (ssize_t)(head + n + 1) ? 0 : -1;
    explicit_bzero(line, size);
    free(line);
    close(fd);
    return rc;
}

void sheet_clear(struct sheet *s)
{
    while (s->known) {
        char *head = *(char *const *)s->known;
        tdelete(head, &s->known, compare);
        free(head);
    }
}
