/* backup_drive.c - calls the functions of backups for backup.sh.
 *
 *     backup_drive make DIR URL VERSION SCOPE [SCHEMA TABLE]...   prints the id
 *     backup_drive list DIR                                       "id good scope size fault"
 *     backup_drive verify|restore DIR ID [URL]
 *     backup_drive prune DIR DAYS KEEP                            prints the ids removed
 *
 * Ends with the status; errors go to stdout as "error: what / fix". No part of mighost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"

static int report(int status, const struct error *err)
{
    if (status)
        printf("error: %s / %s\n", err->what, err->fix);
    return status;
}

static int make(int argc, char **argv, struct error *err)
{
    char id[64];
    const struct backup_request request = {
        .dir = argv[2],
        .url = argv[3],
        .project = "test",
        .run = "1",
        .scope = strcmp(argv[5], "database") == 0 ? BACKUP_DATABASE : BACKUP_TABLES,
        .tables = (const char *const *)argv + 6,
        .n_tables = (size_t)(argc - 6) / 2,
        .server_version = (int)strtol(argv[4], NULL, 10)};
    int status = backup_make(&request, id, err);
    if (!status)
        printf("%s\n", id);
    return status;
}

static int list(const char *dir, struct error *err)
{
    struct backup_info *found;
    size_t n;
    struct arena *mem = arena_new();
    int status = backup_list(dir, 1, mem, &found, &n, err);
    for (size_t i = 0; i < n; i++)
        printf("%s %d %s %llu %s\n", found[i].id, found[i].good, found[i].scope,
               (unsigned long long)found[i].size, found[i].fault);
    arena_free(mem);
    return status;
}

static int prune(char **argv, struct error *err)
{
    struct str out;
    str_init(&out, 0);
    int status =
        backup_prune(argv[2], strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10), &out, err);
    printf("%s", out.data);
    str_clear(&out);
    return status;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    const char *action = argc > 2 ? argv[1] : "";
    if (strcmp(action, "make") == 0 && argc >= 6)
        return report(make(argc, argv, &err), &err);
    if (strcmp(action, "list") == 0)
        return report(list(argv[2], &err), &err);
    if (strcmp(action, "verify") == 0 && argc == 4)
        return report(backup_verify(argv[2], argv[3], &err), &err);
    if (strcmp(action, "restore") == 0 && argc == 5)
        return report(backup_restore(argv[2], argv[3], argv[4], &err), &err);
    if (strcmp(action, "prune") == 0 && argc == 5)
        return report(prune(argv, &err), &err);
    printf("usage: backup_drive make|list|verify|restore|prune DIR ...\n");
    return 2;
}
